use std::any::Any;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::entry::{EntryPoint, Started};
use crate::failure::Failure;
use crate::kwargs::Kwargs;
use crate::name;
use crate::registry::tables;
use crate::report::{PluginReport, Report, State, Warning};
use crate::table::{DEFAULT_NAMESPACE, Plugin, Table};

/// The variable by which an operator takes plugins away at start.
const DISABLED_PLUGINS: &str = "DISABLED_PLUGINS";

/// Initialises the plugins of this program that are in the namespace
/// [`DEFAULT_NAMESPACE`], each after those it depends on, and tells what
/// became of them.
///
/// An error or a panic in one plugin fails that plugin; those that depend on
/// it are skipped, and the rest load. (A panic is caught where the program
/// unwinds; under `panic = "abort"` it ends the program, as everywhere.)
///
/// The variable `DISABLED_PLUGINS`, a list with commas of `name` or, in
/// another namespace than the default one, `namespace/name`, takes plugins
/// away from what was built in. Nothing can add any.
///
/// Every call initialises the plugins anew, with the arguments that it gets.
///
/// ```
/// # use plugo_core as plugo;
/// let mut routes: Vec<String> = Vec::new();
/// let report = plugo::load_plugins(plugo::kwargs! { routes: &mut routes });
/// println!("{report}");
/// for entry in report.failed() {
///     eprintln!("{} needs a look: {}", entry.plugin().name(), entry.state());
/// }
/// ```
#[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
pub fn load_plugins(kwargs: Kwargs<'_>) -> Report {
    load_namespace(DEFAULT_NAMESPACE, kwargs)
}

/// Like [`load_plugins`], for plugins whose init functions may be `async`:
/// one is awaited before the next begins.
///
/// The future is not `Send`, since the arguments need not be: await it where
/// the program's main future is driven.
///
/// ```
/// # use plugo_core as plugo;
/// # async fn start() {
/// let mut routes: Vec<String> = Vec::new();
/// let report = plugo::load_plugins_async(plugo::kwargs! { routes: &mut routes }).await;
/// println!("{report}");
/// # }
/// ```
#[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
pub async fn load_plugins_async(kwargs: Kwargs<'_>) -> Report {
    load_namespace_async(DEFAULT_NAMESPACE, kwargs).await
}

/// Like [`load_plugins`], for the plugins of another namespace.
#[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
pub fn load_namespace(namespace: &'static str, kwargs: Kwargs<'_>) -> Report {
    at_once(Loading::new(namespace, tables()).run(kwargs, Async::Refused))
}

/// Like [`load_plugins_async`], for the plugins of another namespace.
#[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
pub async fn load_namespace_async(namespace: &'static str, kwargs: Kwargs<'_>) -> Report {
    Loading::new(namespace, tables()).run(kwargs, Async::Awaited).await
}

impl Table {
    /// [`load_plugins`] for this table alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn start(plugins: &'static plugo::Table) -> Result<plugo::Report, plugo::LoadError> {
    ///     plugins.load(plugo::kwargs! {}).into_result()
    /// }
    /// ```
    #[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
    pub fn load(&'static self, kwargs: Kwargs<'_>) -> Report {
        at_once(Loading::new(DEFAULT_NAMESPACE, vec![self]).run(kwargs, Async::Refused))
    }

    /// [`load_plugins_async`] for this table alone.
    #[must_use = "a plugin that failed to load is told of in the report and nowhere else"]
    pub async fn load_async(&'static self, kwargs: Kwargs<'_>) -> Report {
        Loading::new(DEFAULT_NAMESPACE, vec![self]).run(kwargs, Async::Awaited).await
    }
}

/// What is done about an init function that is `async`.
#[derive(Clone, Copy)]
enum Async {
    Awaited,
    Refused,
}

/// Whether a plugin that others depend on is there.
#[derive(Clone, Copy)]
enum Presence {
    /// It is in another namespace, or did not have its turn yet.
    Unknown,
    Loaded,
    TakenAway,
    Broken,
}

impl Presence {
    fn of(state: &State) -> Self {
        match state {
            State::Loaded => Presence::Loaded,
            State::Disabled | State::Skipped { by_failure: false, .. } => Presence::TakenAway,
            State::Failed(_) | State::Skipped { by_failure: true, .. } => Presence::Broken,
        }
    }
}

/// One load: which plugins, and which of them an operator took away.
struct Loading {
    namespace: &'static str,
    tables: Vec<&'static Table>,
    /// Those of this namespace, without it.
    disabled: Vec<String>,
}

impl Loading {
    fn new(namespace: &'static str, tables: Vec<&'static Table>) -> Self {
        let variable = std::env::var_os(DISABLED_PLUGINS).unwrap_or_default();
        let variable = variable.to_string_lossy();
        let names = variable.split(',').map(str::trim).filter(|name| !name.is_empty());
        let in_namespace = |name: &str| match name.split_once('/') {
            Some((of, name)) => (of == namespace).then(|| name.to_owned()),
            None => (namespace == DEFAULT_NAMESPACE).then(|| name.to_owned()),
        };
        Loading { namespace, tables, disabled: names.filter_map(in_namespace).collect() }
    }

    async fn run(self, mut kwargs: Kwargs<'_>, mode: Async) -> Report {
        let offered: Vec<&'static str> = kwargs.names().collect();
        let mut reports: Vec<PluginReport> = Vec::new();
        for (nth, table) in self.tables.iter().enumerate() {
            let mut presence = vec![Presence::Unknown; table.len()];
            for plugin in table.iter().filter(|plugin| plugin.namespace() == self.namespace) {
                // Two apps in one program may share a plugin; it loads once.
                let earlier = if nth > 0 { same(plugin, &reports) } else { None };
                if let Some(earlier) = earlier {
                    presence[plugin.order()] = Presence::of(&earlier.state);
                    continue;
                }
                let state = match self.refusal(plugin, &presence) {
                    Some(state) => state,
                    None => match initialise(plugin, &mut kwargs, mode).await {
                        Ok(()) => State::Loaded,
                        Err(Failure::Argument(error)) => {
                            State::Failed(Failure::Argument(error.beside(&offered)))
                        }
                        Err(failure) => State::Failed(failure),
                    },
                };
                // What a subscriber or an error's `Display` does is not the load's to suffer.
                let _ = catch(|| announce(plugin, &state));
                presence[plugin.order()] = Presence::of(&state);
                reports.push(PluginReport { plugin, state });
            }
        }
        Report {
            namespace: self.namespace,
            tables: self.tables.len(),
            warnings: self.warnings(&kwargs),
            plugins: reports,
        }
    }

    /// The state of a plugin whose init function must not be called.
    fn refusal(&self, plugin: Plugin, presence: &[Presence]) -> Option<State> {
        if self.disabled.iter().any(|name| name == plugin.name()) {
            return Some(State::Disabled);
        }
        // A failure among the dependencies says more than a plugin taken away.
        let mut refusal = None;
        for dependency in plugin.dependencies() {
            let by_failure = match presence[dependency.order()] {
                Presence::Unknown | Presence::Loaded => continue,
                Presence::TakenAway => false,
                Presence::Broken => true,
            };
            if by_failure || refusal.is_none() {
                let dependency = dependency.name();
                refusal = Some(State::Skipped { dependency, by_failure });
            }
            if by_failure {
                break;
            }
        }
        refusal
    }

    fn warnings(&self, kwargs: &Kwargs<'_>) -> Vec<Warning> {
        let namespace = self.namespace;
        let built_in = || {
            let plugins = self.tables.iter().flat_map(|table| table.iter());
            plugins.filter(move |plugin| plugin.namespace() == namespace).map(|p| p.name())
        };
        let unknown = |name: &&String| !built_in().any(|known| known == name.as_str());
        let disabled = self.disabled.iter().filter(unknown).map(|name| Warning::UnknownDisabled {
            name: name.clone(),
            nearest: name::nearest(name, built_in()),
        });
        let mistaken = kwargs
            .mistaken()
            .map(|(name, nearest)| Warning::UnusedArgument { name, parameter: nearest });
        disabled.chain(mistaken).collect()
    }
}

fn same(plugin: Plugin, reports: &[PluginReport]) -> Option<&PluginReport> {
    reports.iter().find(|report| std::ptr::eq(report.plugin.entry(), plugin.entry()))
}

/// Calls the init function, and awaits it where it is `async`. A panic is a
/// failure like any other: the arguments are borrowed, so what a plugin left
/// half-done in them is the app's to see, as after an error.
async fn initialise(plugin: Plugin, kwargs: &mut Kwargs<'_>, mode: Async) -> Result<(), Failure> {
    let entry = plugin.entry();
    let started = {
        let _guard = Starting::enter(entry)?;
        catch(|| entry.start(kwargs))?
    };
    match (started, mode) {
        (Started::Done(result), _) => result,
        (Started::Pending(_), Async::Refused) => Err(Failure::Async),
        (Started::Pending(future), Async::Awaited) => {
            let mut future = Some(future);
            poll_fn(move |context| {
                let polled = catch(|| {
                    let polled = future.as_mut().map(|future| future.as_mut().poll(context));
                    if matches!(polled, Some(Poll::Ready(_))) {
                        // What the future holds may panic when it is dropped.
                        future = None;
                    }
                    polled.unwrap_or(Poll::Pending)
                });
                polled.unwrap_or_else(|failure| Poll::Ready(Err(failure)))
            })
            .await
        }
    }
}

thread_local! {
    /// The entry points whose init functions are running on this thread.
    static STARTING: RefCell<Vec<*const EntryPoint>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, its entry point is not started again on this thread: an
/// init function that loads the plugins would otherwise never end.
struct Starting;

impl Starting {
    fn enter(entry: &'static EntryPoint) -> Result<Self, Failure> {
        STARTING.with_borrow_mut(|starting| {
            if starting.contains(&std::ptr::from_ref(entry)) {
                return Err(Failure::Recursive);
            }
            starting.push(entry);
            Ok(Starting)
        })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        STARTING.with_borrow_mut(Vec::pop);
    }
}

fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).map_err(panicked)
}

fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(the payload is not a text)".to_owned());
    // A payload may panic again when it is dropped, and so may that one's.
    std::mem::forget(payload);
    Failure::Panic(message)
}

/// Runs a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("where async functions are refused, nothing is awaited"),
    }
}

#[cfg(feature = "tracing")]
fn announce(plugin: Plugin, state: &State) {
    let (name, version) = (plugin.name(), plugin.version());
    match state {
        State::Loaded => tracing::info!(plugin = name, version, "plugin loaded"),
        State::Disabled | State::Skipped { by_failure: false, .. } => {
            tracing::info!(plugin = name, version, reason = %state, "plugin not loaded");
        }
        State::Skipped { .. } => {
            tracing::warn!(plugin = name, version, reason = %state, "plugin skipped");
        }
        State::Failed(failure) => {
            tracing::error!(plugin = name, version, error = %failure, "plugin failed");
        }
    }
}

#[cfg(not(feature = "tracing"))]
fn announce(_: Plugin, _: &State) {}
