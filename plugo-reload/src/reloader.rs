use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use plugo_core::{IntoValue, Kwargs, PluginInfo, PluginManager, State};

use crate::config::{self, Config};
use crate::error::{Problem, ReloadError};
use crate::generation::{Generation, Member, Retire};
use crate::snapshot::Changes;
use crate::watcher::{PluginWatcher, WatchError};

/// Puts together what plugins contribute, in load order.
pub(crate) type Assemble<P, G> = Box<dyn Fn(&[(PluginInfo, &P)]) -> G + Send + Sync>;

/// Brings the running plugins to what a config file says, within what was
/// built in. `P` is what each plugin contributes, and `G` what all of that is
/// together: routes and a router, handlers and a map of them.
///
/// A plugin gets its own `P` to fill, as the argument that
/// [`ReloaderBuilder::part`](crate::ReloaderBuilder::part) names, or returns one. A reload initialises the
/// plugins that are new, leaves the others alone, puts everything together
/// beside what runs, and swaps it in with one store. When any of that fails,
/// what was begun is undone and everything stays as it was. A plugin that is
/// not asked for any more is stopped, after those that depend on it, when the
/// last holder of its [`Generation`] is done.
///
/// ```no_run
/// use plugo_core::PluginManager;
/// use plugo_reload::Reloader;
///
/// let manager = PluginManager::new("plugins")?;
/// let reloader = Reloader::<Vec<String>, String>::builder(manager)
///     .part("lines", Vec::new)
///     .config("plugins_config.json")
///     .start(|parts| parts.iter().flat_map(|(_, lines)| lines.iter().cloned()).collect())?;
/// let watcher = reloader.watch(|result| match result {
///     Ok(reloaded) => println!("{reloaded}"),
///     Err(error) => eprintln!("{error}"),
/// })?;
/// println!("{}", reloader.current().value());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reloader<P, G> {
    shared: Arc<Shared<P, G>>,
}

pub(crate) struct Shared<P, G> {
    pub(crate) manager: PluginManager,
    pub(crate) config: Option<PathBuf>,
    pub(crate) debounce: Duration,
    pub(crate) patience: Duration,
    pub(crate) argument: &'static str,
    pub(crate) part: Box<dyn Fn() -> P + Send + Sync>,
    pub(crate) assemble: Assemble<P, G>,
    pub(crate) current: ArcSwap<Generation<G>>,
    /// One reload at a time; and what each running plugin contributes.
    pub(crate) parts: Mutex<BTreeMap<&'static str, P>>,
    pub(crate) leaving: Arc<Leaving>,
}

/// The plugins that are being stopped, or will be when their last users are
/// done.
#[derive(Default)]
pub(crate) struct Leaving {
    names: Mutex<BTreeSet<&'static str>>,
    changed: Condvar,
}

impl Leaving {
    fn names(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, names: impl IntoIterator<Item = &'static str>) {
        self.names().extend(names);
    }

    fn done(&self, name: &'static str) {
        self.names().remove(name);
        self.changed.notify_all();
    }

    /// Waits until a plugin has left.
    fn wait(&self, plugin: &'static str, patience: Duration) -> Result<(), ReloadError> {
        let begun = Instant::now();
        let mut names = self.names();
        while names.contains(plugin) {
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(ReloadError::Stopping { plugin, waited: begun.elapsed() });
            }
            let waited = self.changed.wait_timeout(names, left);
            names = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// Stops plugins that nobody uses any more, on a thread of its own: whoever
/// was the last user does not wait for them.
pub(crate) fn retire(manager: PluginManager, leaving: Arc<Leaving>) -> Retire {
    Arc::new(move |names| {
        let (manager, leaving) = (manager.clone(), Arc::clone(&leaving));
        let stop = move || {
            for name in names {
                let stopped = manager.stop(name);
                // The manager's listeners and the subscriber hear of a stop that failed.
                drop(stopped);
                leaving.done(name);
            }
        };
        let thread = std::thread::Builder::new().name("plugo-retire".to_owned());
        // Without a thread it is done here.
        if let Err(_no_thread) = thread.spawn(stop.clone()) {
            stop();
        }
    })
}

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The generation that runs now.
    pub generation: u64,
    /// The plugins that were initialised, in load order.
    pub started: Vec<&'static str>,
    /// The plugins that are stopped when their last users are done, in reverse
    /// load order.
    pub stopping: Vec<&'static str>,
    /// How many were left alone.
    pub kept: usize,
}

impl Reloaded {
    /// Whether nothing had to be done.
    pub fn is_unchanged(&self) -> bool {
        self.started.is_empty() && self.stopping.is_empty()
    }
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchanged() {
            return write!(f, "nothing to do: {} plugins run", self.kept);
        }
        let mut parts = Vec::new();
        if !self.started.is_empty() {
            parts.push(format!("started {}", self.started.join(", ")));
        }
        if !self.stopping.is_empty() {
            parts.push(format!("stopping {}", self.stopping.join(", ")));
        }
        write!(f, "{}; {} left alone", parts.join("; "), self.kept)
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

    /// The generation that runs now. It runs at least as long as it is held.
    pub fn current(&self) -> Arc<Generation<G>> {
        self.shared.current.load_full()
    }

    /// The manager of the plugins, to ask about them. Loading and stopping is
    /// the reloader's.
    pub fn manager(&self) -> &PluginManager {
        &self.shared.manager
    }

    /// Brings the running plugins to what the config file says now; without
    /// such a file, to everything that was built in. One reload is done after
    /// the other, from however many threads.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Config`] with everything that is wrong with the file;
    /// [`ReloadError::Init`] when a plugin does not come up;
    /// [`ReloadError::Assemble`] when what they contribute does not go
    /// together; [`ReloadError::Stopping`] when a plugin that is to come back
    /// does not leave. Everything is then as it was.
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        let result = self.shared.reload();
        announce(&result);
        result
    }

    /// A callback for one's own [`PluginWatcher`], which reloads and then
    /// tells what became of it. It keeps nothing alive.
    pub fn create_reload_callback(
        &self,
        mut tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> impl FnMut(&Changes) + Send + 'static
    where
        P: 'static,
    {
        let shared: Weak<Shared<P, G>> = Arc::downgrade(&self.shared);
        move |_| {
            let Some(shared) = shared.upgrade() else { return };
            tell(Reloader { shared }.reload());
        }
    }

    /// Reloads when the config file changes, until what this gives is dropped.
    ///
    /// # Errors
    ///
    /// Like [`WatchBuilder::start`](crate::WatchBuilder::start); [`WatchError::NoPath`] when there is no
    /// config file.
    pub fn watch(
        &self,
        tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        let config = self.shared.config.iter();
        let watch = PluginWatcher::builder().debounce(self.shared.debounce);
        let watch = config.fold(watch, |watch, path| watch.path(path));
        watch.start(self.create_reload_callback(tell))
    }
}

#[cfg(feature = "axum")]
impl<P, G> Reloader<P, G> {
    pub(crate) fn generation(&self) -> Arc<Generation<G>> {
        self.shared.current.load_full()
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

impl<P, G> Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    fn reload(&self) -> Result<Reloaded, ReloadError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.wanted().map_err(ReloadError::Config)?;
        let current = self.current.load_full();
        let running: BTreeMap<&'static str, &Member> =
            current.members().iter().map(|member| (member.name, member)).collect();
        let started = self.start_missing(&wanted, &running)?;
        let names: Vec<&'static str> = started.keys().copied().collect();
        let members: Vec<Member> = wanted
            .iter()
            .map(|plugin| match running.get(plugin.name()) {
                Some(member) => (*member).clone(),
                None => Member { name: plugin.name(), lease: Arc::new(()) },
            })
            .collect();
        let together: Vec<(PluginInfo, &P)> = wanted
            .iter()
            .filter_map(|plugin| {
                let name = plugin.name();
                Some((*plugin, started.get(name).or_else(|| parts.get(name))?))
            })
            .collect();
        let value = catch_unwind(AssertUnwindSafe(|| (self.assemble)(&together)));
        let value = value.map_err(|payload| {
            self.undo(&names);
            ReloadError::Assemble(message(&*payload))
        })?;
        let stopping: Vec<&'static str> = current
            .plugins()
            .filter(|name| !members.iter().any(|member| member.name == *name))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let reloaded = Reloaded {
            generation: current.number() + 1,
            started: wanted.iter().map(PluginInfo::name).filter(|n| names.contains(n)).collect(),
            kept: members.len() - names.len(),
            stopping,
        };
        if reloaded.is_unchanged() && current.number() > 0 {
            return Ok(Reloaded { generation: current.number(), ..reloaded });
        }
        parts.retain(|name, _| !reloaded.stopping.contains(name));
        parts.extend(started);
        self.leaving.add(reloaded.stopping.iter().copied());
        let retire = retire(self.manager.clone(), Arc::clone(&self.leaving));
        self.current.store(Arc::new(Generation::new(value, reloaded.generation, members, retire)));
        Ok(reloaded)
    }

    /// The plugins that are to run, in load order.
    fn wanted(&self) -> Result<Vec<PluginInfo>, Vec<Problem>> {
        let all: Vec<PluginInfo> = self.manager.plugins().collect();
        let config = match &self.config {
            Some(path) => config::read(path, self.manager.namespace())?,
            None => Config {
                plugins: all.iter().map(|plugin| (plugin.name().to_owned(), true)).collect(),
            },
        };
        wanted(&all, &config, &self.config.as_ref().map(|path| path.display().to_string()))
    }

    /// Initialises the plugins that do not run yet, each with a part of its
    /// own. When one fails, those before it are stopped again.
    fn start_missing(
        &self,
        wanted: &[PluginInfo],
        running: &BTreeMap<&'static str, &Member>,
    ) -> Result<BTreeMap<&'static str, P>, ReloadError> {
        let mut started: BTreeMap<&'static str, P> = BTreeMap::new();
        let mut order: Vec<&'static str> = Vec::new();
        for plugin in wanted.iter().filter(|plugin| !running.contains_key(plugin.name())) {
            match self.start_one(plugin.name()) {
                Ok(part) => {
                    started.insert(plugin.name(), part);
                    order.push(plugin.name());
                }
                Err(error) => {
                    self.undo(&order);
                    return Err(error);
                }
            }
        }
        Ok(started)
    }

    fn start_one(&self, plugin: &'static str) -> Result<P, ReloadError> {
        self.leaving.wait(plugin, self.patience)?;
        let mut part = (self.part)();
        let call = self.manager.with(Kwargs::new().with(self.argument, &mut part));
        let failed_before = matches!(self.manager.state(plugin), Ok(State::Failed { .. }));
        let loaded = if failed_before { call.retry(plugin) } else { call.load(plugin) };
        loaded.map_err(|error| ReloadError::Init { plugin, error })?;
        Ok(part)
    }

    /// Stops what was started for a reload that failed.
    fn undo(&self, started: &[&'static str]) {
        for name in started.iter().rev() {
            // What failed here is told to the manager's listeners; the error of the reload is
            // the one to look at.
            drop(self.manager.stop(name));
        }
    }
}

/// The plugins that a config asks for with what they depend on, in load order;
/// or everything that is wrong with it.
fn wanted(
    all: &[PluginInfo],
    config: &Config,
    shown: &Option<String>,
) -> Result<Vec<PluginInfo>, Vec<Problem>> {
    let mut problems = Vec::new();
    let at = |problem: Problem| match shown {
        Some(place) => problem.at(place.clone()),
        None => problem,
    };
    let find = |name: &str| all.iter().find(|plugin| plugin.name() == name);
    let mut names: BTreeSet<&'static str> = BTreeSet::new();
    let mut open: Vec<PluginInfo> = Vec::new();
    for (name, _) in config.plugins.iter().filter(|(_, enabled)| **enabled) {
        match find(name) {
            Some(plugin) => open.push(*plugin),
            None => {
                let known: Vec<&str> = all.iter().map(|plugin| plugin.name()).collect();
                let nearest = plugo_core::name::nearest(name, known.iter().copied());
                let mut help = nearest.map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
                help.push_str(&format!("built in are `{}`", known.join("`, `")));
                let message = format!("`{name}` is enabled, and not built in");
                problems.push(at(Problem::new(message)).help(help));
            }
        }
    }
    while let Some(plugin) = open.pop() {
        if !names.insert(plugin.name()) {
            continue;
        }
        for dependency in plugin.dependencies() {
            if config.plugins.get(dependency.name()) == Some(&false) {
                let (name, on) = (plugin.name(), dependency.name());
                let message = format!("`{name}` depends on `{on}`, which is disabled");
                let help = format!("enable `{on}`, or disable `{name}` too");
                problems.push(at(Problem::new(message)).help(help));
            } else {
                open.push(dependency);
            }
        }
    }
    if problems.is_empty() {
        Ok(all.iter().filter(|plugin| names.contains(plugin.name())).copied().collect())
    } else {
        Err(problems)
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(feature = "tracing")]
fn announce(result: &Result<Reloaded, ReloadError>) {
    match result {
        Ok(reloaded) if reloaded.is_unchanged() => tracing::debug!("{reloaded}"),
        Ok(reloaded) => tracing::info!(generation = reloaded.generation, "{reloaded}"),
        Err(error) => tracing::error!("the plugins are as they were: {error}"),
    }
}

#[cfg(not(feature = "tracing"))]
fn announce(_: &Result<Reloaded, ReloadError>) {}
