//! Notifications on the phone.

#![forbid(unsafe_code)]

use notify_channel::{Notifier, Outbox};

/// In reserve behind email, since not everybody has the app.
#[plugo::plugin(
    name = "push", of = dyn Notifier, status = "reserve", priority = 20,
    new = Push::new(outbox: &Outbox)
)]
pub struct Push {
    outbox: Outbox,
}

impl Push {
    fn new(outbox: &Outbox) -> Self {
        Push { outbox: outbox.clone() }
    }
}

impl Notifier for Push {
    fn send(&self, to: &str, text: &str) -> Result<(), String> {
        self.outbox.put(format!("Push to the phone of {to}: {text}"));
        Ok(())
    }
}
