use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::exit;
use crate::interrupt;

/// How often it is looked whether somebody wants this program to end.
const TICK: Duration = Duration::from_millis(100);
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
/// somebody wants this one to end.
///
/// Where its output was not set to a pipe, it goes where it goes.
pub(crate) fn run(command: &mut Command, mut heard: impl FnMut(Line)) -> Result<ExitStatus, Error> {
    interrupt::listen()?;
    interrupt::check()?;
    let mut child = Group::start(command)?;
    let (sender, lines) = channel();
    let streams = child.0.stdout.take().map(|out| read(out, Line::Out, sender.clone()));
    let errors = child.0.stderr.take().map(|err| read(err, Line::Err, sender));
    let has_streams = streams.or(errors).is_some();
    let status = child.follow(has_streams.then_some(&lines), &mut heard)?;
    // What it said last is on its way, unless something that it left behind
    // keeps the stream.
    while let Ok(line) = lines.recv_timeout(TICK) {
        heard(line);
    }
    Ok(status)
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

/// A child, in a process group of its own on Unix, with all that it starts.
#[derive(Debug)]
pub(crate) struct Group(pub(crate) Child);

impl Group {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        let name = command.get_program().to_string_lossy().into_owned();
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.stdin(Stdio::null()).spawn();
        let cannot = |error| Error::environment(format!("`{name}` cannot be run: {error}"));
        child.map(Group).map_err(cannot)
    }

    fn follow(
        &mut self,
        lines: Option<&Receiver<Line>>,
        heard: &mut impl FnMut(Line),
    ) -> Result<ExitStatus, Error> {
        loop {
            if interrupt::is_asked() {
                self.end();
                return Err(Error::Said(exit::INTERRUPTED));
            }
            let line = match lines.map(|lines| lines.recv_timeout(TICK)) {
                Some(Ok(line)) => {
                    heard(line);
                    continue;
                }
                Some(Err(RecvTimeoutError::Timeout)) => Line::Nothing,
                Some(Err(RecvTimeoutError::Disconnected)) | None => {
                    std::thread::sleep(TICK / 4);
                    Line::Nothing
                }
            };
            heard(line);
            let ended = self.0.try_wait();
            let lost = |error| Error::environment(format!("Cargo cannot be waited for: {error}"));
            if let Some(status) = ended.map_err(lost)? {
                return Ok(status);
            }
        }
    }

    /// The group, which has the number of the child.
    #[cfg(unix)]
    pub(crate) fn id(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw)
    }

    /// Asks all of the group to end, and ends what has not by then.
    #[cfg(unix)]
    pub(crate) fn end(&mut self) {
        use rustix::process::{Signal, kill_process_group, test_kill_process_group};
        let Some(group) = self.id() else { return };
        let _ = kill_process_group(group, Signal::INT);
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            let _ = self.0.try_wait();
            if test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(TICK / 4);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }

    /// The console tells everything that is attached to it of Ctrl-C; what
    /// does not listen is ended.
    #[cfg(not(unix))]
    pub(crate) fn end(&mut self) {
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK / 4);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
