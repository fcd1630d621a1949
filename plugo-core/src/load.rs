use std::collections::BTreeMap;

use crate::announce::announce;
use crate::drive::{Async, Ended, Unwatched, Up, at_once, bring_up, call};
use crate::entry::Kind;
use crate::environment::{disabled_in, listed};
use crate::failure::Failure;
use crate::kwargs::Kwargs;
use crate::lifecycle::Phase;
use crate::name::DEFAULT_NAMESPACE;
use crate::registry::tables;
use crate::report::{Outcomes, PluginReport, Report, Warning, unknown_names};
use crate::state::{DisabledBy, State};
use crate::stretch::{Stop, call_each};
use crate::table::{PluginInfo, Table};
use crate::unwind::catch;
use crate::waits::{Node, Places, is_idle, is_within};

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

/// Why a plugin that others depend on is not there.
#[derive(Clone, Copy)]
enum Absence {
    TakenAway,
    Broken,
}

impl Absence {
    fn of(state: &State) -> Option<Self> {
        match state {
            State::Loaded => None,
            State::Disabled { .. } | State::Skipped { by_failure: false, .. } => {
                Some(Absence::TakenAway)
            }
            _ => Some(Absence::Broken),
        }
    }
}

/// One load: which plugins, and what an operator took away.
struct Loading {
    namespace: &'static str,
    tables: Vec<&'static Table>,
    /// What `DISABLED_PLUGINS` lists.
    listed: Vec<String>,
    outcomes: Outcomes,
}

/// The load of one table.
struct Turn<'l> {
    table: &'static Table,
    /// Those that `DISABLED_PLUGINS` takes away, by their place.
    disabled: Vec<usize>,
    /// The plugins of tables that had their turn, by identity, with what became of
    /// them: two apps in one program may share a plugin, which loads once.
    earlier: &'l BTreeMap<usize, Option<Absence>>,
    /// By place, for each plugin that is not there. As long as it is empty, no
    /// dependency needs a look, since a table is in load order.
    absent: BTreeMap<usize, Absence>,
}

impl Loading {
    fn new(namespace: &'static str, tables: Vec<&'static Table>) -> Self {
        Loading { namespace, tables, listed: listed(), outcomes: Outcomes::default() }
    }

    async fn run(mut self, mut kwargs: Kwargs<'_>, mode: Async) -> Report {
        let disabled = disabled_in(&self.listed, self.namespace);
        let mut earlier = BTreeMap::new();
        for (nth, table) in self.tables.clone().into_iter().enumerate() {
            let place = |name: &String| Some(table.get_in(self.namespace, name)?.order());
            let disabled = disabled.iter().filter_map(place).collect();
            let mut turn = Turn { table, disabled, earlier: &earlier, absent: BTreeMap::new() };
            self.load(&mut turn, &mut kwargs, mode).await;
            let absent = turn.absent;
            if nth + 1 < self.tables.len() {
                let there = table.iter().filter(|plugin| plugin.namespace() == self.namespace);
                earlier.extend(
                    there.map(|plugin| (plugin.identity(), absent.get(&plugin.order()).copied())),
                );
            }
        }
        Report {
            namespace: self.namespace.into(),
            tables: self.tables.len(),
            closed: false,
            warnings: self.warnings(&kwargs),
            plugins: Box::new(self.outcomes),
        }
    }

    async fn load(&mut self, turn: &mut Turn<'_>, kwargs: &mut Kwargs<'_>, mode: Async) {
        let table = turn.table;
        let mut left = 0..0;
        loop {
            if left.is_empty() {
                left = table.stretch(self.namespace, left.end);
                if left.is_empty() {
                    return;
                }
            }
            let mut stretch = left.clone();
            if turn.needs_a_look() {
                let plugin = table.plugin(left.start);
                stretch.end = left.start + 1;
                left.start = stretch.end;
                if let Some(absence) = turn.earlier.get(&plugin.identity()) {
                    turn.absent.extend(absence.map(|absence| (plugin.order(), absence)));
                    continue;
                }
                if let Some(state) = turn.refusal(plugin) {
                    self.note(turn, plugin, state, Up::default());
                    continue;
                }
            }
            left.start = stretch.end;
            let Some((at, stop)) = call_each(table, stretch, kwargs, &mut self.outcomes) else {
                continue;
            };
            left.start = at + 1;
            let plugin = table.plugin(at);
            let came = match stop {
                Stop::Failed(failure) => Err((Ended::Failed(Phase::Load, failure), None)),
                Stop::Apart => bring_up_apart(plugin, kwargs, mode).await,
            };
            let (state, up) = match came {
                Ok(up) => (State::Loaded, up),
                Err((Ended::Failed(phase, Failure::Argument(error)), _)) => {
                    let error = Failure::Argument(error.beside(kwargs.names().collect()));
                    (State::failed(phase, error), Up::default())
                }
                Err((ended, _)) => (ended.into(), Up::default()),
            };
            self.note(turn, plugin, state, up);
        }
    }

    /// Writes down what became of a plugin by itself.
    fn note(&mut self, turn: &mut Turn<'_>, plugin: PluginInfo, state: State, up: Up) {
        // What a subscriber or an error's `Display` does is not the load's to suffer.
        let _ = catch(|| announce(plugin, &state));
        turn.absent.extend(Absence::of(&state).map(|absence| (plugin.order(), absence)));
        self.outcomes.push(turn.table, PluginReport::new(plugin, state, up));
    }

    fn warnings(&self, kwargs: &Kwargs<'_>) -> Vec<Warning> {
        let all = self.tables.iter().flat_map(|table| table.iter());
        let is_known = self.tables.iter().any(|table| !table.stretch(self.namespace, 0).is_empty());
        let mut warnings = unknown_names(self.namespace, is_known, &self.listed, all);
        let mistaken = kwargs.mistaken();
        warnings.extend(
            mistaken.map(|(name, nearest)| Warning::UnusedArgument { name, parameter: nearest }),
        );
        warnings
    }
}

impl Turn<'_> {
    /// Whether a plugin may have to be passed over, so that each is looked at before
    /// it is called.
    fn needs_a_look(&self) -> bool {
        let all_are_there = self.absent.is_empty() && self.disabled.is_empty();
        !all_are_there || !self.earlier.is_empty() || !is_idle()
    }

    /// The state of a plugin whose init function must not be called.
    fn refusal(&self, plugin: PluginInfo) -> Option<State> {
        if self.disabled.contains(&plugin.order()) {
            return Some(State::disabled(DisabledBy::Environment, "DISABLED_PLUGINS"));
        }
        // A failure among the dependencies says more than a plugin taken away.
        let mut refusal = None;
        for dependency in plugin.dependencies() {
            let by_failure = match self.absent.get(&dependency.order()) {
                None => continue,
                Some(Absence::TakenAway) => false,
                Some(Absence::Broken) => true,
            };
            if by_failure || refusal.is_none() {
                let dependency = dependency.name();
                refusal = Some(State::Skipped { dependency, by_failure });
            }
            if by_failure {
                break;
            }
        }
        let is_recursive = || is_within(node(plugin));
        refusal.or_else(|| is_recursive().then(|| State::failed(Phase::Load, Failure::Recursive)))
    }
}

/// What stands for a plugin where it is asked who does whose work.
fn node(plugin: PluginInfo) -> Node {
    plugin.table().node(plugin.order())
}

/// Brings a plugin up by itself. What it makes lives as long as the report.
async fn bring_up_apart(
    plugin: PluginInfo,
    kwargs: &mut Kwargs<'_>,
    mode: Async,
) -> Result<Up, (Ended, Option<Up>)> {
    let node = node(plugin);
    if let Kind::Function = plugin.kind() {
        let called = call(plugin.entry(), kwargs, node, mode).await;
        return called.map_err(|failure| (Ended::Failed(Phase::Load, failure), None));
    }
    bring_up(plugin, kwargs, node, mode, &mut Unwatched).await
}
