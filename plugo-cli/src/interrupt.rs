use std::io;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::Error;
use crate::exit;

/// How often.
static ASKED: AtomicUsize = AtomicUsize::new(0);
/// How much is under way that is ended by whoever began it.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// Who waits for something else, and is to look.
static WAITING: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// While this is there, Ctrl-C does not end this program; whoever works asks
/// [`is_asked`] and ends what it began. Otherwise Ctrl-C ends it at once.
#[derive(Debug)]
pub(crate) struct Work(());

impl Work {
    /// Begins, unless somebody wants this program to end.
    pub(crate) fn begin() -> Result<Self, Error> {
        AT_WORK.fetch_add(1, Ordering::SeqCst);
        let work = Work(());
        set_handler()?;
        check()?;
        Ok(work)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
    }
}

/// From here on to the end, this program is at [`Work`].
pub(crate) fn listen() -> Result<(), Error> {
    std::mem::forget(Work::begin()?);
    Ok(())
}

/// Whenever somebody wants this program to end, this is called too.
#[cfg(unix)]
pub(crate) fn on_ask(wake: impl Fn() + Send + 'static) {
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
}

fn set_handler() -> Result<(), Error> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let asked = || {
        ASKED.fetch_add(1, Ordering::SeqCst);
        if AT_WORK.load(Ordering::SeqCst) == 0 {
            process::exit(exit::INTERRUPTED.into());
        }
        if let Some(wake) = &*WAITING.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    };
    let listening = LISTENING.get_or_init(|| on_signals(asked).map_err(|error| error.to_string()));
    listening
        .clone()
        .map_err(|error| Error::environment(format!("Ctrl-C cannot be waited for: {error}")))
}

/// Ctrl-C, what else ends programs, and the end of the terminal, unless `nohup`
/// says that this is none.
#[cfg(unix)]
fn on_signals(asked: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !is_ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    let thread = std::thread::Builder::new().name("plugo-signals".to_owned());
    thread.spawn(move || signals.forever().for_each(|_| asked()))?;
    Ok(())
}

/// Whether whoever started this program has it ignore a signal. Only Linux tells.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(not(unix))]
fn on_signals(asked: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(asked).map_err(io::Error::other)
}

/// Whether somebody wants this program to end.
pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::SeqCst) > 0
}

/// Whether it was asked again: now, and not when all is in order.
#[cfg(unix)]
pub(crate) fn is_urgent() -> bool {
    ASKED.load(Ordering::SeqCst) > 1
}

/// An error when somebody wants this program to end.
pub(crate) fn check() -> Result<(), Error> {
    if is_asked() { Err(Error::Said(exit::INTERRUPTED)) } else { Ok(()) }
}
