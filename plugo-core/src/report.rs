use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::lifecycle::Instance;
use crate::state::State;
use crate::step::Kept;
use crate::table::{DEFAULT_NAMESPACE, PluginInfo};

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
    pub(crate) namespace: Cow<'static, str>,
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
        let width = |text: fn(&PluginInfo) -> &'static str| {
            self.plugins.iter().map(|r| text(&r.plugin).chars().count()).max().unwrap_or(0)
        };
        let (names, versions) = (width(PluginInfo::name), width(PluginInfo::version));
        for PluginReport { plugin, state, .. } in &self.plugins {
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
    pub(crate) plugin: PluginInfo,
    pub(crate) state: State,
    /// The instance, which lives as long as the report.
    pub(crate) instance: Option<Instance>,
    pub(crate) value: Kept,
}

impl PluginReport {
    /// The plugin.
    pub fn plugin(&self) -> PluginInfo {
        self.plugin
    }

    /// What became of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The plugin's instance, if it has one of that type: the value that bears
    /// `#[plugin]`, or what was made of the type that bears it.
    pub fn instance<T: Any>(&self) -> Option<&T> {
        self.instance.as_ref()?.get()
    }

    /// What the plugin returned when it loaded, if it is of that type.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.get()
    }

    fn is_failure(&self) -> bool {
        matches!(self.state, State::Failed { .. } | State::Skipped { by_failure: true, .. })
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
    /// A listener panicked. It was not heard, and nothing else suffered.
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
                for PluginReport { plugin, state, .. } in failed {
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
            State::Failed { error, .. } => error.as_error(),
            _ => None,
        })
    }
}
