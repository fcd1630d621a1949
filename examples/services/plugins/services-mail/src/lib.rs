//! A mailer that needs the network, and a newsletter that needs the mailer.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plugo::Plugin;

/// Something that can be away for a while.
#[derive(Clone, Debug, Default)]
pub struct Network {
    up: Arc<AtomicBool>,
}

impl Network {
    /// From here on it is there.
    pub fn repair(&self) {
        self.up.store(true, Ordering::Relaxed);
    }

    fn connect(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.up.load(Ordering::Relaxed), "the network is unreachable");
        Ok(())
    }
}

/// Made anew for each load, by its constructor.
struct Mailer {
    network: Network,
}

impl Mailer {
    fn new(network: &Network) -> Self {
        Mailer { network: network.clone() }
    }
}

#[plugo::plugin(name = "mailer", new = Mailer::new(network: &Network))]
impl Plugin for Mailer {
    async fn load(&self) -> anyhow::Result<()> {
        self.network.connect()
    }

    async fn stop(&self) -> anyhow::Result<()> {
        self.network.connect()
    }
}

/// A plugin may be a function, also among those of a manager.
#[plugo::plugin(name = "newsletter")]
fn newsletter() -> Vec<&'static str> {
    vec!["ada@example.org", "grace@example.org"]
}
