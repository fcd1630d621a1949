use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::drive::Up;
use crate::environment::unknown_disabled;
use crate::error::PluginError;
use crate::lifecycle::Instance;
use crate::name::{DEFAULT_NAMESPACE, FullName, nearest};
use crate::state::State;
use crate::step::Kept;
use crate::table::{PluginInfo, Table};

/// What loading did: every plugin of the namespace, in load order, with its
/// state and the reason for it.
///
/// `Display` is meant for an operator who reads the log of a start.
///
/// ```
/// # use plugo_core as plugo;
/// let report = plugo::load_plugins(plugo::kwargs! {});
/// println!("{report}");
/// for name in report.loaded() {
///     println!("{name} is there");
/// }
/// for failed in report.failed() {
///     eprintln!("{}: {}", failed.plugin().name(), failed.state());
/// }
/// for warning in report.warnings() {
///     eprintln!("warning: {warning}");
/// }
/// println!("{} plugins, `mailer` among them: {}",
///     report.plugins().len(), report.get("mailer").is_some());
/// ```
#[derive(Debug)]
pub struct Report {
    pub(crate) namespace: Cow<'static, str>,
    pub(crate) tables: usize,
    /// Whether it is of a manager that was dropped.
    pub(crate) closed: bool,
    pub(crate) plugins: Box<Outcomes>,
    pub(crate) warnings: Vec<Warning>,
}

/// What became of plugins, in load order. Most of those that are loaded left
/// nothing, and there is nothing to write down about one: reports of such plugins
/// are made when somebody asks for one.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    stretches: Vec<(&'static Table, Range<usize>)>,
    /// Those of which there is more to say.
    noted: Vec<PluginReport>,
    /// All of them, once somebody asked.
    each: OnceLock<Vec<PluginReport>>,
}

impl Outcomes {
    /// Of plugins of which there is more to say each.
    pub(crate) fn noted(each: Vec<PluginReport>) -> Self {
        Outcomes { stretches: Vec::new(), noted: Vec::new(), each: each.into() }
    }

    /// Plugins in a row that are loaded, each of which has left nothing but what is
    /// noted.
    pub(crate) fn loaded(&mut self, table: &'static Table, stretch: Range<usize>) {
        match self.stretches.last_mut() {
            Some((last, range)) if std::ptr::eq(*last, table) && range.end == stretch.start => {
                range.end = stretch.end;
            }
            _ => self.stretches.push((table, stretch)),
        }
    }

    /// A plugin that is loaded with others in a row, and what it left.
    pub(crate) fn note(&mut self, report: PluginReport) {
        self.noted.push(report);
    }

    /// A plugin by itself.
    pub(crate) fn push(&mut self, table: &'static Table, report: PluginReport) {
        let at = report.plugin.order();
        self.loaded(table, at..at + 1);
        self.note(report);
    }

    /// Why a plugin was not loaded, where its state does not say that.
    pub(crate) fn refuse(&mut self, index: usize, refusal: PluginError) {
        self.each();
        let each = self.each.get_mut();
        if let Some(report) = each.and_then(|each| each.get_mut(index)) {
            report.refusal = Some(refusal);
        }
    }

    fn each(&self) -> &[PluginReport] {
        self.each.get_or_init(|| {
            let mut noted = self.noted.iter().peekable();
            let plugins = self
                .stretches
                .iter()
                .flat_map(|(table, stretch)| stretch.clone().map(|index| table.plugin(index)));
            let report = |plugin| match noted.next_if(|noted| noted.plugin == plugin) {
                Some(noted) => noted.clone(),
                None => PluginReport::new(plugin, State::Loaded, Up::default()),
            };
            plugins.map(report).collect()
        })
    }

    /// Those that something may have gone wrong with.
    fn suspects(&self) -> &[PluginReport] {
        // Each that is not noted is loaded.
        self.each.get().unwrap_or(&self.noted)
    }
}

impl Report {
    /// The names of the plugins that are loaded, in load order.
    pub fn loaded(&self) -> impl Iterator<Item = &'static str> {
        self.plugins
            .each()
            .iter()
            .filter(|report| matches!(report.state, State::Loaded))
            .map(|report| report.plugin.name())
    }

    /// Every plugin of the namespace, in load order, whatever became of it.
    pub fn plugins(&self) -> impl ExactSizeIterator<Item = &PluginReport> {
        self.plugins.each().iter()
    }

    /// The plugin of that name, if there is one in the namespace.
    pub fn get(&self, name: &str) -> Option<&PluginReport> {
        self.plugins.each().iter().find(|report| report.plugin.name() == name)
    }

    /// The plugins that are not loaded because something went wrong, in load order.
    ///
    /// Those are the ones that failed, to stop too, that were skipped since a plugin
    /// they depend on failed or is not there, and that would have waited for
    /// themselves. A plugin that was disabled, by whatever, is not among them, nor is
    /// one that was skipped for that reason.
    pub fn failed(&self) -> impl Iterator<Item = &PluginReport> {
        self.plugins.suspects().iter().filter(|report| report.is_failure())
    }

    /// What the plugin of that name returned when it loaded, if it is of that
    /// type. It is kept as long as the report.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// let report = plugo::load_plugins(plugo::kwargs! {});
    /// let routes: Option<&Vec<String>> = report.value("shop");
    /// assert!(routes.is_none(), "there is no such plugin here");
    /// ```
    pub fn value<T: Any>(&self, name: &str) -> Option<&T> {
        self.get(name)?.value()
    }

    /// What an operator should look at though nothing failed: see [`Warning`].
    ///
    /// A manager's report has what it has to say since it was built.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The strict reading: the report when nothing went wrong. A plugin that was
    /// disabled, and one that was skipped for it, is nothing wrong; nor is a warning.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// let result = plugo::load_plugins(plugo::kwargs! {}).into_result();
    /// // No `plugins!()` anywhere in this program:
    /// assert!(matches!(result, Err(plugo::LoadError::NoTable)));
    /// ```
    ///
    /// # Errors
    ///
    /// - [`LoadError::NoTable`]: the program has no table of plugins at all.
    /// - [`LoadError::Closed`]: the report is of a manager that was dropped.
    /// - [`LoadError::Failed`]: [`failed`](Self::failed) yields a plugin.
    pub fn into_result(self) -> Result<Report, LoadError> {
        if self.tables == 0 {
            Err(LoadError::NoTable)
        } else if self.closed {
            Err(LoadError::Closed)
        } else if self.failed().next().is_some() {
            Err(LoadError::Failed(self))
        } else {
            Ok(self)
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tables == 0 {
            return write!(f, "warning: {}", LoadError::NoTable);
        }
        let plugins = self.plugins.each();
        let total = plugins.len();
        write!(f, "{} of {total} plugin{} loaded", self.loaded().count(), plural(total))?;
        if self.namespace != DEFAULT_NAMESPACE {
            write!(f, " in namespace `{}`", self.namespace)?;
        }
        let width = |text: fn(&PluginInfo) -> &'static str| {
            plugins.iter().map(|r| text(&r.plugin).chars().count()).max().unwrap_or(0)
        };
        let (names, versions) = (width(PluginInfo::name), width(PluginInfo::version));
        for report in plugins {
            let (name, version) = (report.plugin.name(), report.plugin.version());
            write!(f, "\n  {name:names$}  {version:versions$}  {}", report.state)?;
            if matches!(report.state, State::Loaded) && report.plugin.has_settings() {
                f.write_str(", without an instance: each is made with settings")?;
            }
            if let Some(refusal) = &report.refusal {
                write!(f, ", and not loaded: {refusal}")?;
            }
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// One plugin, as it was when the report was made: in a [`Report`], or as a
/// [`PluginManager`](crate::PluginManager) gives it.
///
/// It keeps the instance and the value that it shows, also when the plugin is
/// stopped meanwhile.
///
/// ```
/// # use plugo_core as plugo;
/// # struct Mailer;
/// fn line(report: &plugo::PluginReport) -> String {
///     let name = report.plugin().name();
///     if let Some(refusal) = report.refusal() {
///         return format!("{name} was not loaded: {refusal}");
///     }
///     match report.value::<String>() {
///         Some(address) => format!("{name} serves {address}"),
///         None if report.instance::<Mailer>().is_some() => format!("{name} sends mails"),
///         None => format!("{name} is {}", report.state()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PluginReport {
    pub(crate) plugin: PluginInfo,
    pub(crate) state: State,
    /// Why a manager that was to load everything did not load this.
    pub(crate) refusal: Option<PluginError>,
    instance: Option<Instance>,
    value: Kept,
}

impl PluginReport {
    pub(crate) fn new(plugin: PluginInfo, state: State, up: Up) -> Self {
        PluginReport { plugin, state, refusal: None, instance: up.instance, value: up.value }
    }

    /// What it returned, to hold on to.
    pub(crate) fn share<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.value.share()
    }

    /// The plugin that it is about.
    pub fn plugin(&self) -> PluginInfo {
        self.plugin
    }

    /// What became of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The plugin's instance, while it is loaded and if it is of that type: the value
    /// that bears `#[plugin]`, or what was made of the type that bears it. A function
    /// has none, and an item of a plugin type is looked up with
    /// [`items`](crate::items). Of an item with settings none is made.
    pub fn instance<T: Any>(&self) -> Option<&T> {
        self.instance.as_ref()?.get()
    }

    /// What the plugin returned when it loaded, while it is loaded and if it is of
    /// that type.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.get()
    }

    /// Why it was not loaded though all were to be, where its state does not say
    /// that: it would have waited for itself. Only
    /// [`PluginManager::load_all`](crate::PluginManager::load_all) and
    /// `load_all_async` tell it.
    pub fn refusal(&self) -> Option<&PluginError> {
        self.refusal.as_ref()
    }

    fn is_failure(&self) -> bool {
        let by_state =
            matches!(self.state, State::Failed { .. } | State::Skipped { by_failure: true, .. });
        by_state || self.refusal.is_some()
    }
}

/// Something in a [`Report`] that an operator should look at, though nothing
/// failed.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::Warning;
/// fn is_misspelt(warning: &Warning) -> bool {
///     matches!(warning, Warning::UnknownDisabled { nearest: Some(_), .. })
/// }
/// let report = plugo::load_plugins(plugo::kwargs! {});
/// assert!(!report.warnings().iter().any(is_misspelt));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `DISABLED_PLUGINS` names a plugin that this program does not contain.
    #[non_exhaustive]
    UnknownDisabled {
        /// The name that stands there.
        name: String,
        /// A built-in plugin whose name is alike, if there is one.
        nearest: Option<String>,
    },
    /// No plugin is in the namespace, and another namespace is called much like it.
    #[non_exhaustive]
    UnknownNamespace {
        /// The name that the app gives.
        name: String,
        /// The namespace that is there.
        nearest: &'static str,
    },
    /// No plugin took an argument, and an optional parameter of almost its
    /// name found none.
    #[non_exhaustive]
    UnusedArgument {
        /// The name that the app gives.
        name: &'static str,
        /// The name that a plugin asks for.
        parameter: &'static str,
    },
    /// A listener panicked. It was not heard, and nothing else suffered.
    #[non_exhaustive]
    ListenerPanicked {
        /// What it heard of.
        plugin: &'static str,
        /// The message of the panic.
        message: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::UnknownDisabled { name, nearest } => {
                write!(f, "DISABLED_PLUGINS names `{name}`, which this program does not contain")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            Warning::UnknownNamespace { name, nearest } => {
                write!(f, "no plugin is in the namespace `{name}`; did you mean `{nearest}`?")
            }
            Warning::UnusedArgument { name, parameter } => write!(
                f,
                "no plugin takes the argument `{name}`; one asks for `{parameter}`, which the app \
                 does not give"
            ),
            Warning::ListenerPanicked { plugin, message } => {
                write!(f, "a listener panicked when it heard of `{plugin}`: {message}")
            }
        }
    }
}

/// What an operator should look at though nothing failed: names in
/// `DISABLED_PLUGINS`, and a namespace, that this program does not have.
pub(crate) fn unknown_names(
    namespace: &str,
    is_known: bool,
    disabled: &[String],
    all: impl Iterator<Item = PluginInfo>,
) -> Vec<Warning> {
    if is_known && disabled.is_empty() {
        return Vec::new();
    }
    let known: BTreeSet<FullName<'static>> = all.map(|plugin| plugin.full_name()).collect();
    let disabled = unknown_disabled(disabled, namespace, &known);
    let disabled = disabled.into_iter();
    let mut warnings: Vec<Warning> =
        disabled.map(|(name, nearest)| Warning::UnknownDisabled { name, nearest }).collect();
    if !is_known {
        // An app without plugins is nothing to look at; a slip of the pen is.
        let nearest = nearest(namespace, known.iter().map(|known| known.namespace));
        let name = namespace.to_owned();
        warnings.extend(nearest.map(|nearest| Warning::UnknownNamespace { name, nearest }));
    }
    warnings
}

/// Why loading is an error in the strict reading, [`Report::into_result`].
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::LoadError;
/// match plugo::load_plugins(plugo::kwargs! {}).into_result() {
///     Ok(report) => println!("{report}"),
///     Err(LoadError::Failed(report)) => {
///         for failed in report.failed() {
///             eprintln!("{} is not loaded", failed.plugin().name());
///         }
///     }
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The program has no table of plugins.
    NoTable,
    /// The manager was dropped, and its plugins are stopped.
    Closed,
    /// A plugin failed, was skipped because of one that did, or would have waited
    /// for itself.
    Failed(Report),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NoTable => f.write_str(
                "this program has no table of plugins: write `plugo::plugins!();` in the app, \
                 with the feature `inventory` or `linkme` of plugo on, or call \
                 `PLUGINS.load(…)`",
            ),
            LoadError::Closed => PluginError::Closed.fmt(f),
            LoadError::Failed(report) => {
                let failed: Vec<_> = report.failed().collect();
                write!(f, "{} plugin{} did not load", failed.len(), plural(failed.len()))?;
                for report in failed {
                    write!(f, "\n  `{}` ", report.plugin.name())?;
                    match &report.refusal {
                        Some(refusal) => write!(f, "was not loaded: {refusal}")?,
                        None => write!(f, "{}", report.state)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Error for LoadError {
    /// The error of the first plugin that gave one.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let LoadError::Failed(report) = self else { return None };
        report.failed().find_map(|report| match (&report.state, &report.refusal) {
            (State::Failed { error, .. }, _) => error.as_error(),
            (_, Some(refusal)) => Some(refusal as &dyn Error),
            _ => None,
        })
    }
}
