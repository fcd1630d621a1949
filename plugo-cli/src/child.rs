use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::exit;
use crate::interrupt;

/// How often it is looked whether somebody wants this program to end.
const TICK: Duration = Duration::from_millis(100);
/// For so long after the end of a child what it said may be on its way: a busy machine reads a long line,
/// such as that of `cargo metadata`, late.
const LATE: Duration = Duration::from_secs(3);
/// What children get to end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// What a child that works says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line of its standard output.
    Out(String),
    /// A line of its standard error.
    Err(String),
    /// Nothing, for a while.
    Nothing,
}

/// Runs a program to its end. It is ended, with all that it started, when
/// somebody wants this one to end, or when this one fails.
///
/// Where its output was not set to a pipe, it goes where it goes.
pub(crate) fn run(command: &mut Command, mut heard: impl FnMut(Line)) -> Result<ExitStatus, Error> {
    let _work = interrupt::Work::begin()?;
    let mut child = Group::start(command)?;
    let (sender, lines) = channel();
    let streams = child.child.stdout.take().map(|out| read(out, Line::Out, sender.clone()));
    let errors = child.child.stderr.take().map(|err| read(err, Line::Err, sender));
    let has_streams = streams.or(errors).is_some();
    let status = child.follow(has_streams.then_some(&lines), &mut heard)?;
    // What it said last is on its way, to the ends of its streams, unless something that it
    // left behind keeps one.
    while let Ok(line) = lines.recv_timeout(LATE) {
        heard(line);
    }
    // Ctrl-C may have ended it before this program heard of it.
    if !status.success() {
        interrupt::check()?;
    }
    match was_interrupted(status) {
        true => Err(Error::Said(exit::INTERRUPTED)),
        false => Ok(status),
    }
}

/// Whether Ctrl-C ended it.
#[cfg(unix)]
pub(crate) fn was_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::INT.as_raw())
}

#[cfg(not(unix))]
pub(crate) fn was_interrupted(_: ExitStatus) -> bool {
    false
}

/// Reads a stream on a thread of its own, line by line.
fn read(stream: impl Read + Send + 'static, line: fn(String) -> Line, sender: Sender<Line>) {
    std::thread::spawn(move || lines(stream, |text| sender.send(line(text)).is_ok()));
}

/// Reads a stream line by line, to its end or until nobody listens.
pub(crate) fn lines(stream: impl Read, mut heard: impl FnMut(String) -> bool) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    while stream.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&bytes);
        if !heard(text.trim_end_matches(['\n', '\r']).to_owned()) {
            return;
        }
        bytes.clear();
    }
}

/// A child, with all that it starts.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    /// It has a process group of its own, so that a signal reaches all of it.
    is_apart: bool,
    has_ended: bool,
}

impl Group {
    /// Where there is no terminal, it has a group of its own. At a terminal it
    /// stays in that of this program: only the group in the foreground may ask
    /// for a password, as Cargo's git and ssh do, and Ctrl-C and Ctrl-Z reach
    /// all that is in it.
    fn start(command: &mut Command) -> Result<Self, Error> {
        Self::spawn(command.stdin(Stdio::null()), !has_terminal())
    }

    /// The same for one that reads what this program would: what is piped into it,
    /// and the answers to its questions.
    pub(crate) fn start_asking(command: &mut Command) -> Result<Self, Error> {
        Self::spawn(command.stdin(Stdio::inherit()), !has_terminal())
    }

    /// It has a group of its own wherever there are such, and asks nothing.
    pub(crate) fn start_apart(command: &mut Command) -> Result<Self, Error> {
        Self::spawn(command.stdin(Stdio::null()), true)
    }

    fn spawn(command: &mut Command, is_apart: bool) -> Result<Self, Error> {
        let name = command.get_program().to_string_lossy().into_owned();
        let is_apart = cfg!(unix) && is_apart;
        #[cfg(unix)]
        if is_apart {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        let child = command.spawn();
        let cannot = |error| Error::environment(format!("`{name}` cannot be run: {error}"));
        child.map(|child| Group { child, is_apart, has_ended: false }).map_err(cannot)
    }

    /// What it says, and what goes wrong with it, where they are piped.
    pub(crate) fn streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// How the child ended, if it did.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        self.has_ended |= ended.is_some();
        Ok(ended)
    }

    /// How the child ended, which it is known to have.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.has_ended = true;
        self.child.wait()
    }

    fn follow(
        &mut self,
        lines: Option<&Receiver<Line>>,
        heard: &mut impl FnMut(Line),
    ) -> Result<ExitStatus, Error> {
        let mut pause = Duration::from_millis(1);
        loop {
            if interrupt::is_asked() {
                self.end();
                return Err(Error::Said(exit::INTERRUPTED));
            }
            match lines.map(|lines| lines.recv_timeout(TICK)) {
                Some(Ok(line)) => {
                    heard(line);
                    continue;
                }
                Some(Err(RecvTimeoutError::Timeout)) => {}
                // What ends its streams ends soon.
                Some(Err(RecvTimeoutError::Disconnected)) | None => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(TICK / 4);
                }
            }
            heard(Line::Nothing);
            let lost = |error| Error::environment(format!("Cargo cannot be waited for: {error}"));
            if let Some(status) = self.try_wait().map_err(lost)? {
                return Ok(status);
            }
        }
    }

    /// The child, which leads the group where that is its own.
    #[cfg(unix)]
    pub(crate) fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Asks all of it to end, and ends what has not by then.
    #[cfg(unix)]
    pub(crate) fn end(&mut self) {
        use rustix::process::{Signal, kill_process_group, test_kill_process_group};

        self.has_ended = true;
        let pid = self.id();
        if self.is_apart {
            let _ = kill_process_group(pid, Signal::INT);
        } else if self.ends_within(TICK * 3) {
            // Ctrl-C told it already, and a second one may mean more.
            return;
        } else {
            ask(pid);
        }
        let asked = Instant::now();
        while asked.elapsed() < GRACE && !interrupt::is_urgent() {
            let is_over = matches!(self.child.try_wait(), Ok(Some(_)));
            if is_over && (!self.is_apart || test_kill_process_group(pid).is_err()) {
                return;
            }
            std::thread::sleep(TICK / 4);
        }
        if self.is_apart {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[cfg(unix)]
    fn ends_within(&mut self, time: Duration) -> bool {
        let asked = Instant::now();
        while asked.elapsed() < time {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            std::thread::sleep(TICK / 4);
        }
        false
    }

    /// The console tells everything that is attached to it of Ctrl-C; what
    /// does not listen is ended.
    #[cfg(not(unix))]
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK / 4);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end();
        }
    }
}

/// Whether there is a terminal that somebody may be asked at.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

#[cfg(not(unix))]
fn has_terminal() -> bool {
    false
}

/// Asks a child in the group of this program to end. Ctrl-C told all of them;
/// of another signal only this program knows. A group that it leads is its
/// job, and in that everything is asked; in another one, which may be that of
/// a script, only the child is.
#[cfg(unix)]
fn ask(child: rustix::process::Pid) {
    use rustix::process::{Signal, getpgrp, getpid, kill_process, kill_process_group};
    let group = getpgrp();
    let _ = match group == getpid() {
        true => kill_process_group(group, Signal::INT),
        false => kill_process(child, Signal::INT),
    };
}

#[cfg(all(test, unix))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn what_a_program_says_is_heard_line_by_line() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf three; exit 4"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&mut command, |line| match line {
            Line::Out(line) => out.push(line),
            Line::Err(line) => err.push(line),
            Line::Nothing => {}
        });
        assert_eq!(status.unwrap().code(), Some(4));
        assert_eq!((out, err), (vec!["one".into(), "three".into()], vec!["two".to_owned()]));
    }

    #[test]
    fn what_is_heard_late_is_not_lost() {
        let mut command = Command::new("sh");
        command.args(["-c", "(sleep 0.4; echo late) & echo soon"]).stdout(Stdio::piped());
        let mut said = Vec::new();
        let status = run(&mut command, |line| {
            if let Line::Out(line) = line {
                said.push(line);
            }
        });
        assert!(status.unwrap().success());
        assert_eq!(said, ["soon", "late"]);
    }

    #[test]
    fn a_panic_leaves_no_child() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$; exec sleep 300"]).stdout(Stdio::piped());
        let mut pid = String::new();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _ = run(&mut command, |line| {
                if let Line::Out(line) = line {
                    pid = line;
                    panic!("what the caller does");
                }
            });
        }));
        assert!(panicked.is_err());
        let is_there = Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status();
        assert!(!is_there.unwrap().success(), "{pid} is still there");
    }
}
