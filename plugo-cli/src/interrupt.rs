use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;
use crate::exit;

/// How often.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// From here on, Ctrl-C does not end this program; whoever works asks
/// [`is_asked`] and ends what it began.
pub(crate) fn listen() -> Result<(), Error> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let set = || {
        ctrlc::set_handler(|| {
            ASKED.fetch_add(1, Ordering::SeqCst);
        })
    };
    let listening = LISTENING.get_or_init(|| set().map_err(|error| error.to_string()));
    listening
        .clone()
        .map_err(|error| Error::environment(format!("Ctrl-C cannot be waited for: {error}")))
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
