use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
#[cfg(feature = "patch")]
use plugo_core::Beside;
use plugo_core::{BoxError, DisabledBy, IntoValue, Kwargs, PluginError, PluginInfo};
use plugo_core::{PluginManager, PluginReport, State};

use crate::config::{Config, ConfigFile, Switch};
use crate::departures::{Departures, Key, Lease};
use crate::drive::{Drive, UNFINISHED, caught};
use crate::error::{Problem, ReloadError};
use crate::generation::{Generation, Parts};
use crate::reloaded::Reloaded;
use crate::snapshot::{Changes, Snapshot};
use crate::turn::{Turn, Turns};
use crate::wanted::{LeftOut, Wanted, wanted};
use crate::watcher::{PluginWatcher, WatchError};

/// Plugins that begin anew.
#[cfg(feature = "patch")]
mod anew;

/// Makes the part that a plugin is to fill, given the parts of those that it
/// depends on.
pub(crate) type Fresh<P> = Box<dyn Fn(&Parts<'_, P>) -> P + Send + Sync>;

/// Puts together what plugins contribute.
pub(crate) type Assemble<P, G> = Box<dyn Fn(&Parts<'_, P>) -> Result<G, BoxError> + Send + Sync>;

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
/// use plugo_reload::Reloader;
///
/// let manager = PluginManager::new("plugins")?;
/// let reloader = Reloader::builder::<Vec<String>>(manager)
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

pub(crate) struct Shared<P, G> {
    pub(crate) manager: PluginManager,
    pub(crate) config: Option<ConfigFile>,
    pub(crate) debounce: Duration,
    pub(crate) patience: Duration,
    pub(crate) argument: &'static str,
    pub(crate) fresh: Fresh<P>,
    pub(crate) assemble: Assemble<P, G>,
    pub(crate) drive: Drive,
    pub(crate) current: ArcSwap<Generation<G>>,
    /// What is served when nothing runs any more.
    pub(crate) nothing: Arc<Generation<G>>,
    pub(crate) turns: Turns,
    /// Only whose turn it is locks this.
    pub(crate) running: Mutex<Running<P>>,
    pub(crate) departures: Arc<Departures>,
}

/// What reloads know of each other.
pub(crate) struct Running<P> {
    /// What each running plugin contributes.
    pub(crate) parts: BTreeMap<&'static str, P>,
    /// What the config file held when it was read last.
    pub(crate) seen: Option<Snapshot>,
    pub(crate) is_closed: bool,
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
    /// users are done too. Nothing is reloaded any more.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Busy`] when a reload is under way and does not come to its
    /// end, and nothing is stopped; [`ReloadError::Stopping`] when a plugin does
    /// not leave.
    pub fn close(&self) -> Result<(), ReloadError> {
        let shared = &*self.shared;
        let _turn = shared.turn()?;
        shared.leave();
        let all = shared.departures.wait_for_all();
        all.map_err(|(waited, plugins)| {
            let plugin = plugins.into_iter().next().unwrap_or_default();
            ReloadError::Stopping { plugin, waited }
        })
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
    /// It takes as long as the plugins' init functions do, so an `async` program
    /// calls it on a thread for blocking work.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Config`] with everything that is wrong with the file;
    /// [`ReloadError::Init`] when a plugin does not come up;
    /// [`ReloadError::Assemble`] when what they contribute does not go
    /// together; [`ReloadError::Stopping`] when a plugin that is to come back
    /// does not leave; [`ReloadError::Busy`] when another reload does not come to
    /// its end. Everything is then as it was.
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        let shared = &*self.shared;
        let result = shared.drive.apart(|| shared.reload(&[]));
        announce(&result);
        result
    }

    /// A callback for one's own [`PluginWatcher`], which reloads and then
    /// tells what became of it. It keeps nothing alive.
    pub fn create_reload_callback(
        &self,
        mut tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> Box<dyn FnMut(&Changes) + Send> {
        let shared: Weak<Shared<P, G>> = Arc::downgrade(&self.shared);
        Box::new(move |_: &Changes| {
            if let Some(shared) = shared.upgrade() {
                tell(Reloader { shared }.reload());
            }
        })
    }

    /// Reloads when the config file changes, until what this gives is dropped.
    /// What changed since the last reload counts.
    ///
    /// # Errors
    ///
    /// Like [`WatchBuilder::start`](crate::WatchBuilder::start);
    /// [`WatchError::NoPath`] when there is no config file.
    pub fn watch(
        &self,
        tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        let config = self.shared.config.iter();
        let watch = PluginWatcher::builder().debounce(self.shared.debounce);
        let watch = config.fold(watch, |watch, config| watch.path(&config.path));
        let seen = self.shared.running().seen.clone();
        watch.start_since(seen, self.create_reload_callback(tell))
    }
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

impl<P, G> Shared<P, G> {
    fn turn(&self) -> Result<Turn<'_>, ReloadError> {
        let turn = self.turns.take(self.patience);
        turn.map_err(|(waited, plugin)| ReloadError::Busy { plugin, waited })
    }

    fn running(&self) -> MutexGuard<'_, Running<P>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets all plugins leave, for good.
    fn leave(&self) {
        let mut running = self.running();
        running.is_closed = true;
        let current = self.current.load_full();
        for lease in current.leases() {
            self.departures.expect(lease);
        }
        let parts = std::mem::take(&mut running.parts);
        drop(running);
        // What plugins leave may panic when it is dropped.
        let _ = caught(|| drop(parts));
        self.current.store(Arc::clone(&self.nothing));
        let _ = caught(|| drop(current));
    }
}

impl<P, G> Drop for Shared<P, G> {
    fn drop(&mut self) {
        self.leave();
        self.departures.wait_at_the_end();
    }
}

/// A plugin that was started for a reload, or why it was not.
enum Start<P> {
    Up(Up<P>),
    Off(String),
}

/// What a plugin contributes that was started.
struct Up<P> {
    part: P,
    /// Its instance, as long as the manager holds another one.
    #[cfg(feature = "patch")]
    beside: Option<Beside>,
}

impl<P> Up<P> {
    fn new(part: P) -> Self {
        Up {
            part,
            #[cfg(feature = "patch")]
            beside: None,
        }
    }
}

impl<P, G> Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    fn reload(&self, anew: &[&'static str]) -> Result<Reloaded, ReloadError> {
        let turn = self.turn()?;
        let mut running = self.running();
        if running.is_closed {
            return Err(ReloadError::Closed);
        }
        // Whoever asks meanwhile does not wait for the plugins.
        let parts = std::mem::take(&mut running.parts);
        let paths: Vec<_> = self.config.iter().map(|config| config.path.clone()).collect();
        running.seen = Some(Snapshot::take(&paths, None, &Snapshot::default()));
        drop(running);
        let mut attempt = Attempt { shared: self, turn, anew, kept: parts, started: Vec::new() };
        match attempt.run() {
            Ok(reloaded) => Ok(reloaded),
            Err(error) => {
                attempt.undo();
                Err(error)
            }
        }
    }

    fn wanted(&self) -> Result<Wanted, Vec<Problem>> {
        let all: Vec<PluginInfo> = self.manager.plugins().collect();
        let config = match &self.config {
            Some(config) => config.read(self.manager.namespace())?,
            None => {
                let on = |plugin: &PluginInfo| {
                    (plugin.name().to_owned(), Switch { is_on: true, place: None })
                };
                all.iter().map(on).collect::<Config>()
            }
        };
        wanted(&all, &config)
    }

    /// Loads a plugin, from anew where it failed before or was disabled by what
    /// may think otherwise now.
    /// None when it was not awaited to its end.
    fn load(&self, plugin: &str, kwargs: Kwargs<'_>) -> Option<Result<PluginReport, PluginError>> {
        let call = self.manager.with(kwargs);
        let state = match self.manager.state(plugin) {
            Ok(state) => state,
            Err(error) => return Some(Err(error)),
        };
        let is_failed = matches!(state, State::Failed { .. });
        let is_asked_again = match state {
            State::Disabled { by, .. } => {
                !matches!(by, DisabledBy::Environment | DisabledBy::Filter | DisabledBy::App)
            }
            _ => false,
        };
        if !self.drive.is_there() {
            return Some(match (is_failed, is_asked_again) {
                (true, _) => call.retry(plugin),
                (_, true) => call.enable(plugin),
                _ => call.load(plugin),
            });
        }
        let loading = async {
            match (is_failed, is_asked_again) {
                (true, _) => call.retry_async(plugin).await,
                (_, true) => call.enable_async(plugin).await,
                _ => call.load_async(plugin).await,
            }
        };
        self.drive.finish(loading)
    }
}

/// One reload.
struct Attempt<'s, P, G> {
    shared: &'s Shared<P, G>,
    turn: Turn<'s>,
    /// Those that begin anew although they run.
    anew: &'s [&'static str],
    /// The parts of those that ran before.
    kept: BTreeMap<&'static str, P>,
    /// Those that were started for it, in load order.
    started: Vec<(Lease, Up<P>)>,
}

impl<P, G> Attempt<'_, P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    fn run(&mut self) -> Result<Reloaded, ReloadError> {
        let shared = self.shared;
        let Wanted { plugins, mut left_out } = shared.wanted().map_err(ReloadError::Config)?;
        let current = shared.current.load_full();
        let mut members: Vec<Lease> = Vec::new();
        for (place, plugin) in plugins {
            let is_it = |lease: &&Lease| lease.plugin().name() == plugin.name();
            let runs = current.leases().iter().find(is_it);
            if let Some(lease) = runs.filter(|_| !self.anew.contains(&plugin.name())) {
                members.push(lease.clone());
                continue;
            }
            let missing = plugin.dependencies().find(|needed| {
                left_out.iter().any(|left_out: &LeftOut| left_out.plugin == needed.name())
            });
            let start = match missing {
                Some(missing) => {
                    Start::Off(format!("it depends on `{}`, which is left out", missing.name()))
                }
                #[cfg(feature = "patch")]
                None if runs.is_some() => self.start_beside(plugin, &members)?,
                None => self.start(place, plugin, &members)?,
            };
            match start {
                Start::Up(up) => {
                    let lease = shared.departures.lease(place, plugin);
                    members.push(lease.clone());
                    self.started.push((lease, up));
                }
                Start::Off(reason) => left_out.push(LeftOut { plugin: plugin.name(), reason }),
            }
        }
        self.turn.is_at(None);
        let is_member = |name: &str| members.iter().any(|lease| lease.plugin().name() == name);
        let reloaded = Reloaded {
            generation: current.number() + 1,
            started: self.started.iter().map(|(lease, _)| lease.plugin().name()).collect(),
            stopping: current.plugins().rev().filter(|name| !is_member(name)).collect(),
            kept: members.len() - self.started.len(),
            left_out,
        };
        if reloaded.is_unchanged() && current.number() > 0 {
            shared.running().parts = std::mem::take(&mut self.kept);
            return Ok(Reloaded { generation: current.number(), ..reloaded });
        }
        let value = self.assemble(&members)?;
        let generation = Generation::new(value, reloaded.generation, members);
        // From here on nothing fails.
        for lease in current.leases() {
            if reloaded.stopping.contains(&lease.plugin().name()) {
                shared.departures.expect(lease);
            }
        }
        #[cfg(feature = "patch")]
        self.exchange(&current);
        let leaving = reloaded.stopping.iter().chain(&reloaded.started);
        let gone: Vec<P> = leaving.filter_map(|name| self.kept.remove(name)).collect();
        let mut parts = std::mem::take(&mut self.kept);
        let started = self.started.drain(..);
        parts.extend(started.map(|(lease, up)| (lease.plugin().name(), up.part)));
        shared.running().parts = parts;
        shared.current.store(Arc::new(generation));
        // What plugins leave may panic when it is dropped.
        let _ = shared.drive.call(|| drop(gone));
        let _ = shared.drive.call(|| drop(current));
        Ok(reloaded)
    }

    /// Initialises a plugin with a part of its own.
    fn start(
        &self,
        place: usize,
        plugin: PluginInfo,
        members: &[Lease],
    ) -> Result<Start<P>, ReloadError> {
        let (shared, name) = (self.shared, plugin.name());
        self.turn.is_at(Some(name));
        let left = shared.departures.wait(place);
        left.map_err(|waited| ReloadError::Stopping { plugin: name, waited })?;
        if shared.manager.is_loaded(name).unwrap_or(false) {
            return Err(ReloadError::Loaded { plugin: name });
        }
        let mut part = self.fresh(plugin, members)?;
        let kwargs = Kwargs::new().with(shared.argument, &mut part);
        let loaded = shared.load(name, kwargs).map(|loaded| loaded.map(drop));
        started(name, loaded, |()| Up::new(part))
    }

    /// A part that a plugin is to fill.
    fn fresh(&self, plugin: PluginInfo, members: &[Lease]) -> Result<P, ReloadError> {
        let shared = self.shared;
        let needed = members.iter().filter(|lease| depends(plugin, lease.plugin()));
        let parts = self.parts(needed);
        let fresh = shared.drive.call(|| (shared.fresh)(&parts));
        let plugin = Some(plugin.name());
        fresh.map_err(|message| ReloadError::Assemble { plugin, message })
    }

    /// The parts of these plugins.
    fn parts<'l>(&self, leases: impl IntoIterator<Item = &'l Lease>) -> Parts<'_, P> {
        let started = |name| {
            let mut started = self.started.iter();
            started.find(|(lease, _)| lease.plugin().name() == name).map(|(_, up)| &up.part)
        };
        let part = |lease: &Lease| {
            let name = lease.plugin().name();
            // One that begins anew is among both.
            Some((started(name).or_else(|| self.kept.get(name))?, lease.clone()))
        };
        Parts::new(leases.into_iter().filter_map(part))
    }

    fn assemble(&self, members: &[Lease]) -> Result<G, ReloadError> {
        let parts = self.parts(members);
        let value = self.shared.drive.call(|| (self.shared.assemble)(&parts));
        let error = |message| ReloadError::Assemble { plugin: parts.at(), message };
        value.map_err(error)?.map_err(|refused| error(refused.to_string()))
    }

    /// Stops what was started, and leaves everything else as it was.
    fn undo(&mut self) {
        let shared = self.shared;
        shared.running().parts = std::mem::take(&mut self.kept);
        self.turn.is_at(None);
        if self.started.is_empty() {
            return;
        }
        for (lease, _up) in &mut self.started {
            #[cfg(feature = "patch")]
            if let Some(beside) = _up.beside.take() {
                shared.departures.expect_beside(lease, beside);
                continue;
            }
            shared.departures.expect(lease);
        }
        let keys: Vec<Key> = self.started.iter().map(|(lease, _)| lease.key()).collect();
        while let Some((lease, up)) = self.started.pop() {
            let _ = shared.drive.call(|| drop(up));
            drop(lease);
        }
        for key in keys {
            shared.departures.wait_for(key);
        }
    }
}

/// What came of starting a plugin; nothing when it was not awaited to its end.
fn started<T, P>(
    plugin: &'static str,
    loaded: Option<Result<T, PluginError>>,
    up: impl FnOnce(T) -> Up<P>,
) -> Result<Start<P>, ReloadError> {
    let Some(loaded) = loaded else {
        let message = UNFINISHED.to_owned();
        return Err(ReloadError::Assemble { plugin: Some(plugin), message });
    };
    match loaded {
        Ok(loaded) => Ok(Start::Up(up(loaded))),
        Err(PluginError::Disabled { by, reason, .. }) => {
            Ok(Start::Off(format!("it is disabled by {by}: {reason}")))
        }
        Err(error) if !error.is_failure() => Ok(Start::Off(error.to_string())),
        Err(error) => Err(ReloadError::Init { plugin, error }),
    }
}

/// Whether the one needs the other, through others too.
fn depends(one: PluginInfo, other: PluginInfo) -> bool {
    let mut needed = one.dependencies();
    needed.any(|needed| needed.name() == other.name() || depends(needed, other))
}

#[cfg(feature = "tracing")]
fn announce(result: &Result<Reloaded, ReloadError>) {
    match result {
        Ok(reloaded) if reloaded.is_unchanged() => tracing::debug!("{reloaded}"),
        Ok(reloaded) if reloaded.kept == 0 && reloaded.started.is_empty() => {
            tracing::warn!(generation = reloaded.generation, "no plugin runs any more: {reloaded}");
        }
        Ok(reloaded) => tracing::info!(generation = reloaded.generation, "{reloaded}"),
        Err(error) => tracing::error!("the plugins are as they were: {error}"),
    }
}

#[cfg(not(feature = "tracing"))]
fn announce(_: &Result<Reloaded, ReloadError>) {}
