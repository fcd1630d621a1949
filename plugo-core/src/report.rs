use std::error::Error;
use std::fmt;

use crate::failure::Failure;
use crate::table::{DEFAULT_NAMESPACE, Plugin};

/// What loading did: every plugin of the namespace, in load order, with its
/// state and the reason for it.
///
/// `Display` is meant for an operator who reads the log of a start.
///
/// ```
/// # use plugo_core as plugo;
/// let report = plugo::load_plugins(plugo::kwargs! {});
/// for name in report.loaded() {
///     println!("{name} is there");
/// }
/// ```
#[derive(Debug)]
pub struct Report {
    pub(crate) namespace: &'static str,
    pub(crate) tables: usize,
    pub(crate) plugins: Vec<PluginReport>,
    pub(crate) warnings: Vec<Warning>,
}

impl Report {
    /// The names of the plugins that loaded, in load order.
    pub fn loaded(&self) -> impl Iterator<Item = &'static str> {
        self.plugins
            .iter()
            .filter(|report| matches!(report.state, State::Loaded))
            .map(|report| report.plugin.name())
    }

    /// Every plugin of the namespace, in load order.
    pub fn plugins(&self) -> impl ExactSizeIterator<Item = &PluginReport> {
        self.plugins.iter()
    }

    /// The plugin of that name.
    pub fn get(&self, name: &str) -> Option<&PluginReport> {
        self.plugins.iter().find(|report| report.plugin.name() == name)
    }

    /// The plugins that did not load because something went wrong: those that
    /// failed, and those that were skipped since a plugin they depend on
    /// failed. A plugin that an operator disabled is not among them, nor is
    /// one that was skipped for that reason.
    pub fn failed(&self) -> impl Iterator<Item = &PluginReport> {
        self.plugins.iter().filter(|report| report.is_failure())
    }

    /// What an operator should look at though nothing failed.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The strict reading: the report when nothing went wrong. A plugin that an
    /// operator disabled, and one that was skipped for it, is nothing wrong.
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
    /// [`LoadError::NoTable`] when the program has no table of plugins at
    /// all, [`LoadError::Failed`] when a plugin failed or was skipped because
    /// of one that did.
    pub fn into_result(self) -> Result<Report, LoadError> {
        if self.tables == 0 {
            Err(LoadError::NoTable)
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
        let total = self.plugins.len();
        write!(f, "{} of {total} plugin{} loaded", self.loaded().count(), plural(total))?;
        if self.namespace != DEFAULT_NAMESPACE {
            write!(f, " in namespace `{}`", self.namespace)?;
        }
        let width = |text: fn(&Plugin) -> &'static str| {
            self.plugins.iter().map(|r| text(&r.plugin).chars().count()).max().unwrap_or(0)
        };
        let (names, versions) = (width(Plugin::name), width(Plugin::version));
        for PluginReport { plugin, state } in &self.plugins {
            let (name, version) = (plugin.name(), plugin.version());
            write!(f, "\n  {name:names$}  {version:versions$}  {state}")?;
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

/// One plugin in a [`Report`].
#[derive(Debug)]
pub struct PluginReport {
    pub(crate) plugin: Plugin,
    pub(crate) state: State,
}

impl PluginReport {
    /// The plugin.
    pub fn plugin(&self) -> Plugin {
        self.plugin
    }

    /// What became of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn is_failure(&self) -> bool {
        matches!(self.state, State::Failed(_) | State::Skipped { by_failure: true, .. })
    }
}

/// What became of a plugin.
#[derive(Debug)]
#[non_exhaustive]
pub enum State {
    /// Its init function ran and gave no error.
    Loaded,
    /// The variable `DISABLED_PLUGINS` names it.
    Disabled,
    /// A plugin that it depends on did not load, so its own init function was
    /// not called.
    #[non_exhaustive]
    Skipped {
        /// The plugin that it depends on.
        dependency: &'static str,
        /// Whether a failure is at the root of it, rather than an operator
        /// who disabled a plugin.
        by_failure: bool,
    },
    /// Its init function could not be called, gave an error, or panicked.
    Failed(Failure),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Loaded => f.write_str("loaded"),
            State::Disabled => f.write_str("disabled by DISABLED_PLUGINS"),
            State::Skipped { dependency, by_failure: true } => {
                write!(f, "skipped: it depends on `{dependency}`, which did not load")
            }
            State::Skipped { dependency, by_failure: false } => {
                write!(f, "skipped: it depends on `{dependency}`, which is disabled")
            }
            State::Failed(failure) => write!(f, "failed: {failure}"),
        }
    }
}

/// Something in a [`Report`] that an operator should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `DISABLED_PLUGINS` names a plugin that this program does not contain.
    UnknownDisabled {
        /// The name that stands there.
        name: String,
        /// A built-in plugin whose name is alike, if there is one.
        nearest: Option<&'static str>,
    },
    /// No plugin took an argument, and an optional parameter of almost its
    /// name found none.
    UnusedArgument {
        /// The name that the app gives.
        name: &'static str,
        /// The name that a plugin asks for.
        parameter: &'static str,
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
            Warning::UnusedArgument { name, parameter } => write!(
                f,
                "no plugin takes the argument `{name}`; one asks for `{parameter}`, which the app \
                 does not give"
            ),
        }
    }
}

/// Why loading is an error in the strict reading, [`Report::into_result`].
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The program has no table of plugins.
    NoTable,
    /// A plugin failed, or was skipped because of one that did.
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
            LoadError::Failed(report) => {
                let failed: Vec<_> = report.failed().collect();
                write!(f, "{} plugin{} did not load", failed.len(), plural(failed.len()))?;
                for PluginReport { plugin, state } in failed {
                    write!(f, "\n  `{}` {state}", plugin.name())?;
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
        report.failed().find_map(|report| match &report.state {
            State::Failed(Failure::Error(error)) => Some(&**error as &(dyn Error + 'static)),
            State::Failed(Failure::Argument(error)) => Some(error as &(dyn Error + 'static)),
            _ => None,
        })
    }
}
