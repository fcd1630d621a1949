use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper,
    waitpid,
};
use tempfile::TempDir;

use super::proc::Process;

/// What processes get to end by themselves.
const GRACE: Duration = Duration::from_secs(6);

/// What has to be cleaned up however this program ends.
#[derive(Default)]
struct State {
    /// The leaders of the groups that run.
    leaders: BTreeSet<i32>,
    folder: Option<PathBuf>,
    is_over: bool,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

fn state<T>(look: impl FnOnce(&mut State) -> T) -> T {
    let mut state: MutexGuard<'_, _> = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    look(state.get_or_insert_default())
}

/// While this is there, whatever this program starts ends with it: when it
/// returns, when it panics, and on Ctrl-C. What a contender leaves behind
/// becomes a child of this program, which so knows its number and ends it.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: TempDir,
}

impl Keeper {
    pub(crate) fn begin() -> Result<Self> {
        set_child_subreaper(Some(getpid())).context("children of children cannot be adopted")?;
        let folder = tempfile::Builder::new().prefix("plugo-reload-").tempdir();
        let folder = folder.context("there is no temporary folder")?;
        state(|state| state.folder = Some(folder.path().to_owned()));
        let end = || {
            let folder = state(|state| {
                state.is_over = true;
                state.folder.take()
            });
            end_all();
            if let Some(folder) = folder {
                let _ = std::fs::remove_dir_all(folder);
            }
            std::process::exit(130);
        };
        ctrlc::set_handler(end).context("Ctrl-C cannot be waited for")?;
        Ok(Keeper { folder })
    }

    /// A folder that goes with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        state(|state| state.is_over = true);
        end_all();
    }
}

/// Ends everything that this program started, and what that did.
fn end_all() {
    for _ in 0..100 {
        let all = own().descendants();
        if !all.iter().any(|process| process.is_running()) {
            return;
        }
        all.into_iter().for_each(kill);
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn own() -> Process {
    let own = getpid().as_raw_nonzero().get();
    Process::of(own).expect("this process is there")
}

fn kill(process: Process) {
    if process.is_running()
        && let Some(pid) = Pid::from_raw(process.pid)
    {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// A program with all that it starts, in a process group of its own. It ends
/// with the value.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    log: PathBuf,
    has_ended: bool,
}

impl Group {
    /// What it says goes into the file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let unwritable = || format!("`{}` cannot be written", log.display());
        let file = File::create(log).with_context(unwritable)?;
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(file.try_clone().with_context(unwritable)?).stderr(file);
        // Whoever ends all sees it, or it does not begin.
        let child = state(|state| {
            if state.is_over {
                bail!("it is over");
            }
            let child = command.spawn().with_context(|| format!("`{name}` does not run"))?;
            state.leaders.insert(child.id().cast_signed());
            Ok(child)
        })?;
        Ok(Group { child, log: log.to_owned(), has_ended: false })
    }

    pub(crate) fn process(&self) -> Process {
        Process::of(self.id().as_raw_nonzero().get()).expect("it is not waited for before its end")
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it said.
    pub(crate) fn said(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines of that.
    pub(crate) fn said_last(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks all of it to end, as Ctrl-C does, and ends what has not by then. The
    /// names of what it had left behind.
    pub(crate) fn end(mut self) -> Vec<String> {
        self.finish()
    }

    fn finish(&mut self) -> Vec<String> {
        if std::mem::replace(&mut self.has_ended, true) {
            return Vec::new();
        }
        let leader = self.process();
        let all = leader.descendants();
        let _ = kill_process_group(self.id(), Signal::INT);
        let asked = Instant::now();
        let runs = || leader.is_running() || all.iter().any(|process| process.is_running());
        while runs() && asked.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(10));
        }
        // As long as nobody has waited for it, no other group gets its number.
        let _ = kill_process_group(self.id(), Signal::KILL);
        let _ = self.child.wait();
        let leaders = state(|state| {
            state.leaders.remove(&leader.pid);
            state.leaders.clone()
        });
        let mut left = Vec::new();
        let orphans: Vec<Process> = own().children();
        for orphan in orphans.into_iter().filter(|child| !leaders.contains(&child.pid)) {
            for process in [vec![orphan], orphan.descendants()].concat() {
                if process.is_running() {
                    left.extend(process.name());
                    kill(process);
                }
            }
            // Adopted children are waited for by whoever adopted them.
            let _ = Pid::from_raw(orphan.pid).map(|pid| waitpid(Some(pid), WaitOptions::empty()));
        }
        left
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.finish();
    }
}
