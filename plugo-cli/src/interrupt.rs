use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::exit;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on, Ctrl-C does not end this program; whoever works asks
/// [`is_asked`] and ends what it began.
pub(crate) fn listen() -> Result<(), Error> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let set = || ctrlc::set_handler(|| ASKED.store(true, Ordering::SeqCst));
    let listening = LISTENING.get_or_init(|| set().map_err(|error| error.to_string()));
    listening
        .clone()
        .map_err(|error| Error::environment(format!("Ctrl-C cannot be waited for: {error}")))
}

/// Whether somebody wants this program to end.
pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// An error when somebody wants this program to end.
pub(crate) fn check() -> Result<(), Error> {
    if is_asked() { Err(Error::Said(exit::INTERRUPTED)) } else { Ok(()) }
}
