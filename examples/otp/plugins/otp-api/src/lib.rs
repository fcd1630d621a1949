//! What the app and the providers of one-time passwords share.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sends one-time passwords.
#[plugo::plugin_type(name = "otp")]
pub trait Otp: Send + Sync {
    /// Sends a code, and tells what was sent.
    ///
    /// # Errors
    ///
    /// When the provider cannot be reached.
    fn send(&self, to: &str, code: u32) -> anyhow::Result<String>;

    /// Whether the provider could send something now.
    ///
    /// # Errors
    ///
    /// When the provider cannot be reached.
    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The other end of a provider's line, which may be down.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    down: Arc<AtomicBool>,
}

impl Gateway {
    /// From here on nothing gets through, or everything again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Whether something gets through.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn reach(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.down.load(Ordering::Relaxed), "the gateway does not answer");
        Ok(())
    }
}
