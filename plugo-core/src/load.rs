use crate::announce::announce;
use crate::drive::{Async, Ended, Unwatched, Up, at_once, bring_up, call};
use crate::entry::Kind;
use crate::environment::disabled_in;
use crate::failure::Failure;
use crate::kwargs::Kwargs;
use crate::lifecycle::Phase;
use crate::name::DEFAULT_NAMESPACE;
use crate::registry::tables;
use crate::report::{PluginReport, Report, Warning, unknown_names};
use crate::state::{DisabledBy, State};
use crate::table::{PluginInfo, Table};
use crate::unwind::catch;
use crate::waits::{Node, is_within};

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
            State::Disabled { .. } | State::Skipped { by_failure: false, .. } => {
                Presence::TakenAway
            }
            _ => Presence::Broken,
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
        Loading { namespace, tables, disabled: disabled_in(namespace) }
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
                let (state, up) = match self.refusal(plugin, &presence) {
                    Some(state) => (state, Up::default()),
                    None => match load(plugin, &mut kwargs, mode).await {
                        Ok(up) => (State::Loaded, up),
                        Err((Ended::Failed(phase, Failure::Argument(error)), _)) => {
                            let error = Failure::Argument(error.beside(&offered));
                            (State::failed(phase, error), Up::default())
                        }
                        Err((ended, _)) => (ended.into(), Up::default()),
                    },
                };
                // What a subscriber or an error's `Display` does is not the load's to suffer.
                let _ = catch(|| announce(plugin, &state));
                presence[plugin.order()] = Presence::of(&state);
                reports.push(PluginReport::new(plugin, state, up));
            }
        }
        Report {
            namespace: self.namespace.into(),
            tables: self.tables.len(),
            closed: false,
            warnings: self.warnings(&kwargs),
            plugins: reports,
        }
    }

    /// The state of a plugin whose init function must not be called.
    fn refusal(&self, plugin: PluginInfo, presence: &[Presence]) -> Option<State> {
        if self.disabled.iter().any(|name| name == plugin.name()) {
            return Some(State::disabled(DisabledBy::Environment, "DISABLED_PLUGINS"));
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
        let all = self.tables.iter().flat_map(|table| table.iter());
        let mut warnings = unknown_names(self.namespace, all);
        let mistaken = kwargs.mistaken();
        warnings.extend(
            mistaken.map(|(name, nearest)| Warning::UnusedArgument { name, parameter: nearest }),
        );
        warnings
    }
}

fn same(plugin: PluginInfo, reports: &[PluginReport]) -> Option<&PluginReport> {
    reports.iter().find(|report| std::ptr::eq(report.plugin.entry(), plugin.entry()))
}

/// Brings a plugin up. What it makes lives as long as the report.
async fn load(
    plugin: PluginInfo,
    kwargs: &mut Kwargs<'_>,
    mode: Async,
) -> Result<Up, (Ended, Option<Up>)> {
    let owner = std::ptr::from_ref(plugin.entry()).addr();
    let node = Node { owner, index: 0, namespace: plugin.namespace(), name: plugin.name() };
    if is_within(node) {
        return Err((Ended::Failed(Phase::Load, Failure::Recursive), None));
    }
    if let Kind::Function(init) = plugin.entry().0 {
        let called = call(init, kwargs, node, mode).await;
        return called.map_err(|failure| (Ended::Failed(Phase::Load, failure), None));
    }
    bring_up(plugin, kwargs, node, mode, &mut Unwatched).await
}
