//! Notifications by text message. Operators set gateways up, as many as they like:
//! each is an instance with settings of its own.

#![forbid(unsafe_code)]

use notify_channel::{Notifier, Outbox};
use plugo::settings::schemars::JsonSchema;
use plugo::settings::serde::Deserialize;
use plugo::settings::{Secret, schemars, serde};

/// How a gateway is reached.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
pub struct SmsSettings {
    /// The name that phones show as the sender, of up to 11 characters.
    #[schemars(length(min = 1, max = 11))]
    sender: String,
    /// The token of the gateway. In this example, `expired` is one that it refuses.
    api_token: Secret,
}

/// The first choice.
#[plugo::plugin(
    name = "sms", of = dyn Notifier, priority = 10, settings = SmsSettings,
    new = Sms::new(settings: &SmsSettings, outbox: &Outbox)
)]
pub struct Sms {
    sender: String,
    token: Secret,
    outbox: Outbox,
}

impl Sms {
    fn new(settings: &SmsSettings, outbox: &Outbox) -> Result<Self, String> {
        if settings.api_token.is_empty() {
            return Err("the gateway needs a token".to_owned());
        }
        Ok(Sms {
            sender: settings.sender.clone(),
            token: settings.api_token.clone(),
            outbox: outbox.clone(),
        })
    }
}

impl Notifier for Sms {
    fn send(&self, to: &str, text: &str) -> Result<(), String> {
        if self.token.expose() == "expired" {
            return Err("the gateway refuses the token".to_owned());
        }
        self.outbox.put(format!("Text message from {} to {to}: {text}", self.sender));
        Ok(())
    }
}
