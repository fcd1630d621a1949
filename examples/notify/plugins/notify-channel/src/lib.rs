//! What the notifiers share: the plugin type, and where messages go.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// So many messages are kept.
const KEPT: usize = 20;

/// Tells people something, by one way or another.
#[plugo::plugin_type(name = "notifier")]
pub trait Notifier: Send + Sync {
    /// Sends a text to somebody.
    ///
    /// # Errors
    ///
    /// Why it could not be sent; then another notifier may.
    fn send(&self, to: &str, text: &str) -> Result<(), String>;
}

/// Where messages go in this example, which sends nothing: the last of them are kept.
/// Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<VecDeque<String>>>);

impl Outbox {
    /// Keeps a message, as it would have been sent.
    pub fn put(&self, message: String) {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        messages.push_front(message);
        messages.truncate(KEPT);
    }

    /// The messages, the latest first.
    pub fn messages(&self) -> Vec<String> {
        let messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().cloned().collect()
    }
}
