use std::env;
use std::io::{Write as _, stderr};
use std::path::Path;

use axum::Router;
use plugo::reload::{PluginWatcher, ReloadError, ReloadService, Reloader};
use plugo::{PluginManager, State};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use web_site::Site;

use crate::front::{Entry, around};

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
        let reloader = Reloader::builder::<Site>(manager.build()?)
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
        Ok(Reloading { reloader, watcher })
    }

    /// What runs now.
    pub(crate) fn report(&self) -> plugo::Report {
        self.reloader.manager().report()
    }

    pub(crate) fn routes(&self) -> Router {
        Router::new().fallback_service(ReloadService::new(self.reloader.clone()))
    }

    /// Stops the plugins, when their last requests have ended.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let Reloading { reloader, watcher } = self;
        drop(watcher);
        let closed: Result<(), ReloadError> = spawn_blocking(move || reloader.close()).await?;
        Ok(closed?)
    }
}
