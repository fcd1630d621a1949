use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::child::{Group, was_interrupted};
use crate::error::Error;
use crate::exit;
use crate::interrupt;

/// The variable that names the file to the app.
const ANSWERED: &str = "PLUGO_COMMAND";
/// What an app has to have.
const ADD: &str = "It needs a dependency on `plugo-admin`, and at the beginning of its `main`:

    let registry = plugo_admin::Registry::of_program();
    if let Some(code) = plugo_admin::command(&registry, std::env::args_os()).await {
        return code;
    }
";

/// How long the app may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked.
const TICK: Duration = Duration::from_millis(20);

/// Runs a program of the app with a command of `plugo-admin`. Its stdout and its exit code
/// are the answer.
///
/// # Errors
///
/// [`Error::No`] for an app that does not know the command, which is ended;
/// [`Error::Said`] with the exit code of one that does.
pub(crate) fn run(program: &Path, arguments: &[OsString]) -> Result<(), Error> {
    let folder = tempfile::Builder::new().prefix("plugo-").tempdir();
    let folder = folder.map_err(|error| Error::io("made", &std::env::temp_dir(), &error))?;
    let file = folder.path().join("answered");
    let _work = interrupt::Work::begin()?;
    let mut command = Command::new(program);
    command.args(arguments).env(ANSWERED, &file).stdout(Stdio::piped());
    let mut child = Group::start_asking(&mut command)?;
    let output = child.streams().0.map(|stdout| Output::of(stdout, file.clone()));
    let start = Instant::now();
    let mut has_answered = false;
    loop {
        if interrupt::is_asked() {
            child.end();
            return Err(Error::Said(exit::INTERRUPTED));
        }
        let ended = child.try_wait();
        let ended = ended.map_err(|error| {
            Error::environment(format!("the app cannot be waited for: {error}"))
        })?;
        has_answered |= file.exists();
        match ended {
            Some(status) if has_answered => {
                if let Some(output) = &output {
                    output.wait();
                }
                return code(status);
            }
            Some(status) => return Err(unknown(program, arguments, &said(status))),
            None if !has_answered && start.elapsed() > PATIENCE => {
                child.end();
                let why = format!(
                    "it did something else for {} seconds, and was ended",
                    PATIENCE.as_secs()
                );
                return Err(unknown(program, arguments, &why));
            }
            None => std::thread::sleep(TICK),
        }
    }
}

/// What the app says on stdout, on its way.
struct Output {
    is_writing: Arc<AtomicBool>,
    end: Receiver<()>,
}

impl Output {
    /// An answer goes to stdout. What is said by an app that has not answered is none, and
    /// goes to stderr.
    fn of(mut stdout: ChildStdout, answered: PathBuf) -> Self {
        let (sender, end) = channel();
        let is_writing = Arc::new(AtomicBool::new(false));
        let writes = Arc::clone(&is_writing);
        std::thread::spawn(move || {
            let _sender = sender;
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = stdout.read(&mut bytes) {
                writes.store(true, Ordering::SeqCst);
                let said = &bytes[..read];
                let written = match answered.exists() {
                    true => io::stdout().write_all(said).and_then(|()| io::stdout().flush()),
                    false => io::stderr().write_all(said),
                };
                writes.store(false, Ordering::SeqCst);
                // The app learns that nobody listens when it writes again.
                if written.is_err() {
                    return;
                }
            }
        });
        Output { is_writing, end }
    }

    /// Returns when all of it is written, however slowly it is read; but what the app left
    /// behind may keep the stream.
    fn wait(&self) {
        let mut idle = 0;
        while idle < 10 && self.end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            idle = if self.is_writing.load(Ordering::SeqCst) { 0 } else { idle + 1 };
        }
    }
}

/// The app's own exit code, and what a shell says of one that a signal ended.
fn code(status: ExitStatus) -> Result<(), Error> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Error::Said(u8::try_from(code).unwrap_or(exit::NO))),
        None if was_interrupted(status) => Err(Error::Said(exit::INTERRUPTED)),
        None => Err(Error::no(format!("the app was ended: {status}"))),
    }
}

fn said(status: ExitStatus) -> String {
    format!("it ended without an answer ({status})")
}

fn unknown(program: &Path, arguments: &[OsString], why: &str) -> Error {
    let name = program.file_name().unwrap_or(program.as_os_str()).display();
    let command = arguments.first().map(|first| first.display().to_string()).unwrap_or_default();
    Error::no(format!("`{name}` does not know the command `{command}`: {why}. {ADD}"))
}
