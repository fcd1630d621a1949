//! One type of service, several plugins: each value of the type is one.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use plugo::Plugin;

/// What the app offers to services: the region that they are started in.
#[derive(Debug)]
pub struct Region(pub &'static str);

/// A service that runs or does not.
#[derive(Debug)]
pub struct ServicePlugin {
    name: &'static str,
    /// Where it can be had; everywhere, if nowhere in particular.
    only_in: Option<&'static str>,
    running: AtomicBool,
}

impl ServicePlugin {
    const fn new(name: &'static str) -> Self {
        ServicePlugin { name, only_in: None, running: AtomicBool::new(false) }
    }

    const fn only_in(self, region: &'static str) -> Self {
        ServicePlugin { name: self.name, only_in: Some(region), running: self.running }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }
}

/// Not a plugin of its own: the values below are.
#[plugo::plugin(reusable)]
impl Plugin for ServicePlugin {
    fn should_load(&self, region: &Region) -> bool {
        self.only_in.is_none_or(|only| only == region.0)
    }

    /// Gives the address of the service, which is kept while it runs.
    fn load(&self, region: &Region) -> String {
        self.running.store(true, Ordering::Relaxed);
        format!("{}.{}.example", self.name, region.0)
    }

    fn stop(&self) {
        self.running.store(false, Ordering::Relaxed);
    }
}

/// Files.
#[plugo::plugin(name = "s3")]
pub static S3: ServicePlugin = ServicePlugin::new("s3");

/// Tables.
#[plugo::plugin(name = "dynamodb")]
pub static DYNAMODB: ServicePlugin = ServicePlugin::new("dynamodb");

/// Translations, which are to be had in the north only.
#[plugo::plugin(name = "translate")]
pub static TRANSLATE: ServicePlugin = ServicePlugin::new("translate").only_in("north");
