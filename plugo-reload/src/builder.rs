use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use plugo_core::{BoxError, IntoValue, PluginManager};

use crate::config::ConfigFile;
use crate::departures::Departures;
use crate::drive::Drive;
use crate::error::ReloadError;
use crate::generation::{Generation, Parts};
use crate::reloader::Reloader;
use crate::shared::{Fresh, Running, Shared};
use crate::turn::Turns;

/// Says what a [`Reloader`] reloads, and how.
#[must_use = "nothing is loaded before `start`"]
pub struct ReloaderBuilder<P> {
    manager: PluginManager,
    config: Option<PathBuf>,
    debounce: Duration,
    patience: Duration,
    argument: &'static str,
    fresh: Fresh<P>,
    drive: Drive,
}

impl<P: Default + 'static> ReloaderBuilder<P> {
    /// Reloads the plugins of this manager, which must be used by nobody else
    /// to load or to stop. `P` is what each plugin contributes.
    pub fn new(manager: PluginManager) -> Self {
        ReloaderBuilder {
            manager,
            config: None,
            debounce: Duration::from_millis(100),
            patience: Duration::from_secs(30),
            argument: "app",
            fresh: Box::new(|_| P::default()),
            drive: Drive::default(),
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
    /// fill, and how a part is before that, given the parts of the plugins that
    /// this one depends on. It is `app`, and `P::default()`, unless this says
    /// otherwise.
    pub fn part(
        mut self,
        argument: &'static str,
        fresh: impl Fn(&Parts<'_, P>) -> P + Send + Sync + 'static,
    ) -> Self {
        self.argument = argument;
        self.fresh = Box::new(fresh);
        self
    }

    /// Awaits plugins that are `async`, which are refused otherwise. This is
    /// called on a thread of its own, and has to run what it gets to its end:
    ///
    /// ```no_run
    /// # use plugo_reload::ReloaderBuilder;
    /// # fn builder(builder: ReloaderBuilder<String>) -> ReloaderBuilder<String> {
    /// let runtime = tokio::runtime::Handle::current();
    /// builder.block_on(move |work| runtime.block_on(work))
    /// # }
    /// ```
    ///
    /// All that plugins do is done within it, so one may also begin tasks. The
    /// runtime has to have a thread besides the one that reloads.
    pub fn block_on(
        mut self,
        block_on: impl Fn(Pin<&mut (dyn Future<Output = ()> + '_)>) + Send + Sync + 'static,
    ) -> Self {
        self.drive = Drive::new(block_on);
        self
    }

    /// How long the config file has to be left alone before a change of it
    /// counts: 100 ms, unless this says otherwise.
    pub fn debounce(mut self, quiet: Duration) -> Self {
        self.debounce = quiet;
        self
    }

    /// How long a reload waits for another one, and for a plugin that is to come
    /// back and is still being stopped; how long the other plugins wait for
    /// a `stop`; and after what time an init function that blocks is told of. It is
    /// 30 s, unless this says otherwise.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Loads what the config file asks for. `assemble` puts together what the
    /// plugins contribute, in load order; it is also called without any. What it
    /// gives as an error, or panics with, is the error of the reload.
    ///
    /// # Errors
    ///
    /// Like [`Reloader::reload`]; nothing is then loaded.
    pub fn start<G: Send + Sync + 'static>(
        self,
        assemble: impl Fn(&Parts<'_, P>) -> Result<G, BoxError> + Send + Sync + 'static,
    ) -> Result<Reloader<P, G>, ReloadError> {
        let empty = self.drive.apart(|| self.drive.call(|| assemble(&Parts::new([]))));
        let error = |message| ReloadError::Assemble { plugin: None, message };
        let empty = empty.map_err(error)?.map_err(|refused| error(refused.to_string()))?;
        let nothing = Arc::new(Generation::new(empty, 0, Vec::new()));
        let departures = Departures::new(self.manager.clone(), self.drive.clone(), self.patience);
        let reloader = Reloader::start(Shared {
            manager: self.manager,
            config: self.config.map(ConfigFile::new),
            debounce: self.debounce,
            patience: self.patience,
            argument: self.argument,
            fresh: self.fresh,
            assemble: Box::new(assemble),
            drive: self.drive,
            current: ArcSwap::new(Arc::clone(&nothing)),
            nothing,
            turns: Turns::default(),
            running: Mutex::new(Running {
                parts: BTreeMap::new(),
                seen: None,
                is_behind: false,
                is_closed: false,
            }),
            departures,
        })?;
        #[cfg(feature = "patch")]
        crate::patch::follow(&reloader.shared);
        Ok(reloader)
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
