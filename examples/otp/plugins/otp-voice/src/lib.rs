//! One-time passwords by telephone.

#![forbid(unsafe_code)]

use otp_api::Otp;

#[plugo::plugin(name = "voice", of = dyn Otp, priority = 20)]
#[derive(Default)]
struct Voice;

impl Otp for Voice {
    fn send(&self, to: &str, code: u32) -> anyhow::Result<String> {
        Ok(format!("call to {to}: {code}"))
    }
}
