use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use plugo_core::{IntoValue, PluginInfo, PluginManager};

use crate::error::ReloadError;
use crate::generation::Generation;
use crate::reloader::{Leaving, Reloader, Shared, retire};

/// Says what a [`Reloader`] reloads, and how.
#[must_use = "nothing is loaded before `start`"]
pub struct ReloaderBuilder<P> {
    manager: PluginManager,
    config: Option<PathBuf>,
    debounce: Duration,
    patience: Duration,
    argument: &'static str,
    part: Box<dyn Fn() -> P + Send + Sync>,
}

impl<P: Default + 'static, G> Reloader<P, G> {
    /// Reloads the plugins of this manager, which must be used by nobody else
    /// to load or to stop.
    pub fn builder(manager: PluginManager) -> ReloaderBuilder<P> {
        ReloaderBuilder {
            manager,
            config: None,
            debounce: Duration::from_millis(100),
            patience: Duration::from_secs(30),
            argument: "app",
            part: Box::new(P::default),
        }
    }
}

impl<P> ReloaderBuilder<P>
where
    P: Any + Send + Sync,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// The file that says what runs, of the form of `plugins_config.json`; it
    /// must exist. Without one, everything that was built in runs.
    pub fn config(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Some(path.into());
        self
    }

    /// The name of the argument by which each plugin gets its own part to
    /// fill, and how a part is before that. It is `app`, and `P::default()`,
    /// unless this says otherwise.
    pub fn part(
        mut self,
        argument: &'static str,
        fresh: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        self.argument = argument;
        self.part = Box::new(fresh);
        self
    }

    /// How long the config file has to be left alone before a change of it
    /// counts: 100 ms, unless this says otherwise.
    pub fn debounce(mut self, quiet: Duration) -> Self {
        self.debounce = quiet;
        self
    }

    /// How long a reload waits for a plugin that is to come back and is still
    /// being stopped: 30 s, unless this says otherwise.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Loads what the config file asks for. `assemble` puts together what the
    /// plugins contribute, in load order.
    ///
    /// # Errors
    ///
    /// Like [`Reloader::reload`]; nothing is then loaded.
    pub fn start<G: Send + Sync + 'static>(
        self,
        assemble: impl Fn(&[(PluginInfo, &P)]) -> G + Send + Sync + 'static,
    ) -> Result<Reloader<P, G>, ReloadError> {
        let leaving: Arc<Leaving> = Arc::default();
        let nothing = Generation::new(
            assemble(&[]),
            0,
            Vec::new(),
            retire(self.manager.clone(), Arc::clone(&leaving)),
        );
        Reloader::start(Shared {
            manager: self.manager,
            config: self.config,
            debounce: self.debounce,
            patience: self.patience,
            argument: self.argument,
            part: self.part,
            assemble: Box::new(assemble),
            current: ArcSwap::from_pointee(nothing),
            parts: Mutex::new(BTreeMap::new()),
            leaving,
        })
    }
}

impl<P> fmt::Debug for ReloaderBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloaderBuilder")
            .field("config", &self.config)
            .field("argument", &self.argument)
            .finish_non_exhaustive()
    }
}
