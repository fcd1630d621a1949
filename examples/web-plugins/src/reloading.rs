use std::env;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use plugo::reload::{Mode, PluginWatcher, ReloadError, ReloadService, Reloader, ReloaderBuilder};
use plugo::{PluginManager, State};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use web_site::Site;

use crate::front::{Entry, around};

/// How long plugins may take to stop at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// The plugins that a config file asks for, for as long as it does.
pub(crate) struct Reloading {
    reloader: Reloader<Site, Router>,
    watcher: PluginWatcher,
}

impl Reloading {
    /// Starts what the file asks for, and follows it.
    pub(crate) fn start(config: &Path, greeting: &str) -> anyhow::Result<Self> {
        let mut manager = PluginManager::builder(plugo::DEFAULT_NAMESPACE)
            .provide("greeting", greeting.to_owned());
        if let Ok(currency) = env::var("CURRENCY") {
            manager = manager.provide("currency", currency);
        }
        let runtime = Handle::current();
        let reloader = ReloaderBuilder::<Site>::new(manager.build()?)
            .config(config)
            // Each plugin has a site of its own, where it finds what those left that it depends on.
            .part("site", |needed| Site::beside(needed.iter().map(|part| part.value())))
            // `catalog` is `async`.
            .block_on(move |work| runtime.block_on(work))
            .start(|parts| {
                let mut routes = Router::new();
                for part in parts.iter() {
                    routes = routes.merge(part.hold(part.value().clone().into_router()));
                }
                let entries = parts.iter().map(|part| Entry::new(part.plugin(), &State::Loaded));
                Ok(around(routes, entries.collect()))
            })?;
        let watcher = reloader.watch(|result| {
            let _ = match result {
                Ok(reloaded) => writeln!(stderr(), "{reloaded}"),
                Err(error) => writeln!(stderr(), "the plugins are as they were: {error}"),
            };
        })?;
        if *watcher.mode() != Mode::Notifications {
            let _ = writeln!(stderr(), "{}: {}", config.display(), watcher.mode());
        }
        Ok(Reloading { reloader, watcher })
    }

    /// What runs now.
    pub(crate) fn report(&self) -> plugo::Report {
        self.reloader.manager().report()
    }

    pub(crate) fn routes(&self) -> Router {
        Router::new().fallback_service(ReloadService::new(self.reloader.clone()))
    }

    /// Stops the plugins. A request that still goes on is not waited for: it keeps
    /// the plugin that answers it, and those that this one needs, until the process
    /// ends.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let Reloading { reloader, watcher } = self;
        drop(watcher);
        match spawn_blocking(move || reloader.close_within(PATIENCE)).await? {
            Err(late @ ReloadError::Stopping { .. }) => {
                let _ = writeln!(stderr(), "warning: not every plugin was stopped: {late}");
                Ok(())
            }
            closed => Ok(closed?),
        }
    }
}
