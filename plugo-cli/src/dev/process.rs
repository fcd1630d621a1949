use std::ffi::OsString;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::event::Event;
use super::folder::Kept;
use super::notices::Notices;
use super::sockets::Sockets;
use crate::child::Group;
use crate::error::Error;

/// What every process of the app gets.
#[derive(Debug)]
pub(super) struct Start<'s> {
    pub(super) sockets: &'s Sockets,
    pub(super) arguments: &'s [OsString],
    /// The script that lets a page reload itself.
    pub(super) script: Option<String>,
    /// Where it says that it is ready.
    pub(super) notices: &'s Notices,
    /// Who hears that it has ended.
    pub(super) sender: &'s Sender<Event>,
    /// How many processes there were before.
    pub(super) number: u32,
    /// Where it hears of patches.
    pub(super) patches: Option<PathBuf>,
}

/// A process of the app, with all that it starts. It ends with the value.
#[derive(Debug)]
pub(super) struct Process {
    group: Group,
    kept: Rc<Kept>,
    pub(super) number: u32,
    /// Where it hears of patches, until it does.
    patches: Option<PathBuf>,
    notices: UnixDatagram,
    pub(super) started: Instant,
    /// How long it took until it said that it is ready.
    pub(super) ready: Option<Duration>,
    /// It said itself that it is ready.
    pub(super) has_said: bool,
    ended: Option<ExitStatus>,
}

impl Process {
    pub(super) fn start(start: &Start<'_>, kept: Rc<Kept>) -> Result<Self, Error> {
        let path = start.notices.path(start.number);
        let notices = UnixDatagram::bind(&path).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let notices = notices.map_err(|error| Error::io("made", &path, &error))?;
        let mut command = command(&kept.program)?;
        command.args(start.arguments);
        command.env("NOTIFY_SOCKET", &path).env("PLUGO_DEV", "1");
        match &start.script {
            Some(script) => command.env("PLUGO_LIVERELOAD", script),
            None => command.env_remove("PLUGO_LIVERELOAD"),
        };
        match &start.patches {
            Some(path) => command.env("PLUGO_PATCH", path),
            None => command.env_remove("PLUGO_PATCH"),
        };
        start.sockets.hand_to(&mut command)?;
        let started = Instant::now();
        let group = Group::start_apart(&mut command)?;
        tell_of_end(group.id(), start.sender.clone());
        Ok(Process {
            group,
            kept,
            number: start.number,
            patches: start.patches.clone(),
            notices,
            started,
            ready: None,
            has_said: false,
            ended: None,
        })
    }

    /// The program that it runs.
    pub(super) fn kept(&self) -> &Rc<Kept> {
        &self.kept
    }

    /// Listens whether it says that it is ready.
    pub(super) fn hear(&mut self) {
        let mut bytes = [0; 4096];
        while let Ok(read) = self.notices.recv(&mut bytes) {
            let said = bytes[..read].split(|&byte| byte == b'\n').any(|line| line == b"READY=1");
            if said && !self.has_said {
                self.has_said = true;
                self.ready = Some(self.started.elapsed());
            }
        }
    }

    /// How it ended, if it did. What it started has ended then, too.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return self.ended;
        }
        let group = self.group.id();
        // As long as nobody has asked how it ended, no other group gets its number.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if matches!(waitid(WaitId::Pid(group), options), Ok(None)) {
            return None;
        }
        let _ = kill_process_group(group, Signal::KILL);
        self.ended = Some(self.group.wait().unwrap_or_else(|_| ExitStatus::from_raw(0)));
        self.ended
    }

    /// Asks it to end.
    pub(super) fn ask(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::KILL);
        let begun = Instant::now();
        while self.ended().is_none() && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            let _ = kill_process_group(self.group.id(), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
        if let Some(path) = &self.patches {
            // Whoever still waits for it there waits no more.
            drop(UnixStream::connect(path));
        }
        if let Ok(address) = self.notices.local_addr()
            && let Some(path) = address.as_pathname()
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Tells when a child has ended, which this does not change: whoever asks how
/// it did is told after that, too. Where there is no thread for it, it is
/// noticed a little later.
fn tell_of_end(child: Pid, sender: Sender<Event>) {
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(child), options), Err(Errno::INTR)) {}
        let _ = sender.send(Event::Woken);
    };
    let _ = std::thread::Builder::new().name("plugo-wait".to_owned()).spawn(wait);
}

/// The program itself. On Linux this program comes first, and takes care that
/// the app does not outlive `plugo dev`, even where that is killed.
fn command(program: &Path) -> Result<Command, Error> {
    if !cfg!(target_os = "linux") {
        return Ok(Command::new(program));
    }
    // Its file may be gone, or another program, when it was installed anew meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.args(["dev", "--child-of", &std::process::id().to_string(), "--"]).arg(program);
    Ok(command)
}

/// Becomes a program that is killed when the process that started this one
/// ends.
#[cfg(target_os = "linux")]
pub(crate) fn become_child(parent: i32, command: &[OsString]) -> Result<(), Error> {
    use std::os::unix::process::CommandExt as _;
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::usage("no program is given"));
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| Error::environment(format!("it cannot be tied to its parent: {error}")))?;
    // It may have ended before.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return Err(Error::no("`plugo dev` has ended"));
    }
    let mut command = Command::new(program);
    if std::env::var_os("LISTEN_FDS").is_some() {
        // The process stays the same when it becomes another program.
        command.env("LISTEN_PID", std::process::id().to_string());
    }
    let error = command.args(arguments).exec();
    Err(Error::environment(format!("`{}` cannot be run: {error}", program.display())))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn become_child(_: i32, _: &[OsString]) -> Result<(), Error> {
    Err(Error::usage("`--child-of` is for `plugo dev` itself"))
}
