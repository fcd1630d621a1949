//! Notifications by email.

#![forbid(unsafe_code)]

use notify_channel::{Notifier, Outbox};

/// In reserve: it is used when nothing else is active.
#[plugo::plugin(
    name = "email", of = dyn Notifier, status = "reserve", priority = 10,
    new = Email::new(outbox: &Outbox)
)]
pub struct Email {
    outbox: Outbox,
}

impl Email {
    fn new(outbox: &Outbox) -> Self {
        Email { outbox: outbox.clone() }
    }
}

impl Notifier for Email {
    fn send(&self, to: &str, text: &str) -> Result<(), String> {
        let address = to.to_lowercase();
        self.outbox.put(format!("Email to {address}@shop.example: {text}"));
        Ok(())
    }
}
