//! One-time passwords by SMS, through a gateway that the app names.

#![forbid(unsafe_code)]

use otp_api::{Gateway, Otp};

#[plugo::plugin(name = "sms", of = dyn Otp, priority = 10, new = Sms::connect(gateway: &Gateway))]
struct Sms {
    gateway: Gateway,
}

impl Sms {
    fn connect(gateway: &Gateway) -> anyhow::Result<Self> {
        gateway.reach()?;
        Ok(Sms { gateway: gateway.clone() })
    }
}

impl Otp for Sms {
    fn send(&self, to: &str, code: u32) -> anyhow::Result<String> {
        self.check()?;
        Ok(format!("SMS to {to}: {code}"))
    }

    fn check(&self) -> anyhow::Result<()> {
        self.gateway.reach()
    }
}
