use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use plugo_core::{IntoValue, PluginManager};

use crate::error::ReloadError;
use crate::generation::Generation;
use crate::later::Later;
use crate::mode::WatchError;
use crate::nudge::Nudge;
use crate::reloaded::Reloaded;
use crate::shared::Shared;
use crate::snapshot::Changes;
use crate::watcher::PluginWatcher;

/// Brings the running plugins to what a config file says, within what was
/// built in. `P` is what each plugin contributes, and `G` what all of that is
/// together: routes and a router, handlers and a map of them.
///
/// A plugin gets its own `P` to fill, as the argument that
/// [`ReloaderBuilder::part`](crate::ReloaderBuilder::part) names. A reload
/// initialises the plugins that are new, leaves the others alone, puts
/// everything together beside what runs, and swaps it in with one store. When
/// any of that fails, what was begun is undone and everything stays as it was. A
/// plugin that is not asked for any more is stopped, after those that depend on
/// it, when its last user is done.
///
/// ```no_run
/// use plugo_core::PluginManager;
/// use plugo_reload::ReloaderBuilder;
///
/// let manager = PluginManager::new("plugins")?;
/// let reloader = ReloaderBuilder::<Vec<String>>::new(manager)
///     .part("lines", |_| Vec::new())
///     .config("plugins_config.json")
///     .start(|parts| {
///         let lines = parts.iter().flat_map(|part| part.value());
///         Ok(lines.cloned().collect::<Vec<String>>())
///     })?;
/// let watcher = reloader.watch(|result| match result {
///     Ok(reloaded) => println!("{reloaded}"),
///     Err(error) => eprintln!("{error}"),
/// })?;
/// println!("{:?}", reloader.current().value());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is a cheap handle. With the last one all plugins are stopped, which is
/// waited for, save those that are still used; [`close`](Reloader::close) waits
/// for these too. Plugins that are `async` are waited for for two seconds: to drop
/// it may be what keeps the only thread of a runtime from going on with them.
pub struct Reloader<P, G> {
    pub(crate) shared: Arc<Shared<P, G>>,
}

impl<P, G> Reloader<P, G> {
    /// The generation that runs now. No plugin of it is stopped as long as it
    /// is held.
    pub fn current(&self) -> Arc<Generation<G>> {
        self.shared.current.load_full()
    }

    /// The manager of the plugins, to ask about them. Loading and stopping is
    /// the reloader's.
    pub fn manager(&self) -> &PluginManager {
        &self.shared.manager
    }

    /// Stops all plugins, and waits until they have stopped: until their last
    /// users are done too, for as long as the
    /// [`patience`](crate::ReloaderBuilder::patience). Nothing is reloaded any more.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Busy`] when a reload is under way and does not come to its
    /// end, and nothing is stopped; [`ReloadError::Stopping`] when a plugin does
    /// not leave; [`ReloadError::Stop`] when one could not be stopped.
    pub fn close(&self) -> Result<(), ReloadError> {
        self.shared.close(self.shared.patience)
    }

    /// The same, for at most this long: at the end of a program, which does not
    /// wait for a user that is never done.
    ///
    /// # Errors
    ///
    /// As [`close`](Reloader::close). What is stopped is stopped all the same.
    pub fn close_within(&self, patience: Duration) -> Result<(), ReloadError> {
        self.shared.close(patience)
    }
}

impl<P, G> Reloader<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    pub(crate) fn start(shared: Shared<P, G>) -> Result<Self, ReloadError> {
        let reloader = Reloader { shared: Arc::new(shared) };
        reloader.reload()?;
        Ok(reloader)
    }

    /// Brings the running plugins to what the config file says now; without
    /// such a file, to everything that was built in. One reload is done after
    /// the other, from however many threads.
    ///
    /// It takes as long as the plugins' init functions do; an `async` program
    /// awaits [`reload_async`](Reloader::reload_async).
    ///
    /// # Errors
    ///
    /// [`ReloadError::Config`] with everything that is wrong with the file;
    /// [`ReloadError::Init`] when a plugin does not come up;
    /// [`ReloadError::Assemble`] when what they contribute does not go
    /// together; [`ReloadError::Stopping`] and [`ReloadError::Stop`] when a plugin
    /// that is to come back does not leave; [`ReloadError::Busy`] when another
    /// reload does not come to its end. Everything is then as it was.
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.shared.reload()
    }

    /// Reloads on a thread of its own. It begins at once, and goes on where nobody
    /// awaits it any more.
    ///
    /// ```no_run
    /// # use plugo_reload::{ReloadError, Reloader};
    /// # async fn example(reloader: Reloader<String, String>) -> Result<(), ReloadError> {
    /// println!("{}", reloader.reload_async().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`reload`](Reloader::reload).
    pub fn reload_async(
        &self,
    ) -> impl Future<Output = Result<Reloaded, ReloadError>> + Send + use<P, G> {
        let shared = Arc::clone(&self.shared);
        Later::new("plugo-reload", move || shared.reload())
    }

    /// A callback for one's own [`PluginWatcher`], which reloads and then
    /// tells what became of it. It keeps nothing alive.
    ///
    /// While an init function blocks, this waits for it, and tells
    /// [`ReloadError::Busy`] after the
    /// [`patience`](crate::ReloaderBuilder::patience), and each time that the wait has
    /// doubled; what becomes of the reload is told when it ends.
    pub fn create_reload_callback(
        &self,
        mut tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> Box<dyn FnMut(&Changes) + Send> {
        let shared: Weak<Shared<P, G>> = Arc::downgrade(&self.shared);
        Box::new(move |_: &Changes| {
            if let Some(shared) = shared.upgrade() {
                let result = reload_apart(&shared, &mut tell);
                tell(result);
            }
        })
    }

    /// Reloads when the config file changes, until what this gives is dropped.
    /// What changed since the last reload counts. While the last reload has failed,
    /// any write to the file is a change, and when it failed since a plugin had not
    /// left, the reload is done once more when that has.
    ///
    /// # Errors
    ///
    /// Like [`WatchBuilder::start`](crate::WatchBuilder::start);
    /// [`WatchError::NoPath`] when there is no config file.
    pub fn watch(
        &self,
        mut tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        let config = self.shared.config.iter();
        let watch = PluginWatcher::builder().debounce(self.shared.debounce);
        let watch = config.fold(watch, |watch, config| watch.path(&config.path));
        let (seen, is_behind) = {
            let running = self.shared.running();
            (running.seen.clone(), running.is_behind)
        };
        let nudge = Arc::new(Nudge::default());
        nudge.any_write_counts(is_behind);
        let shared: Weak<Shared<P, G>> = Arc::downgrade(&self.shared);
        let own = Arc::clone(&nudge);
        let reload = move |_: &Changes| {
            let Some(shared) = shared.upgrade() else { return };
            let result = reload_apart(&shared, &mut tell);
            own.any_write_counts(result.is_err());
            if let Err(ReloadError::Stopping { plugin, .. }) = &result {
                let nudge = Arc::clone(&own);
                shared.departures.when_left(plugin, move || nudge.now());
            }
            tell(result);
        };
        watch.start_with(seen, nudge, reload)
    }
}

/// Reloads on another thread than this one, which meanwhile tells of an init
/// function that blocks.
fn reload_apart<P, G>(
    shared: &Shared<P, G>,
    tell: &mut impl FnMut(Result<Reloaded, ReloadError>),
) -> Result<Reloaded, ReloadError>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    thread::scope(|scope| {
        let (ended, ends) = channel::<()>();
        let work = move || {
            // Dropped when it ends, however it does.
            let _ended = ended;
            shared.reload()
        };
        let thread = thread::Builder::new().name("plugo-reload".to_owned());
        // Without a thread nobody can tell, and it is done here.
        let Ok(thread) = thread.spawn_scoped(scope, work) else { return shared.reload() };
        let mut limit = shared.patience;
        let mut left = limit;
        while ends.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            let (waited, plugin) = shared.turns.at().unwrap_or_default();
            left = limit.saturating_sub(waited);
            if left.is_zero() {
                tell(Err(ReloadError::Busy { plugin, waited }));
                limit = limit.saturating_mul(2);
                left = limit.saturating_sub(waited);
            }
        }
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

impl<P, G> Clone for Reloader<P, G> {
    fn clone(&self) -> Self {
        Reloader { shared: Arc::clone(&self.shared) }
    }
}

impl<P, G> fmt::Debug for Reloader<P, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader")
            .field("config", &self.shared.config)
            .field("generation", &self.shared.current.load().number())
            .finish_non_exhaustive()
    }
}
