use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::failure::{Failure, write_circle};
use crate::glob::PatternError;
use crate::lifecycle::Phase;
use crate::place::Place;
use crate::state::DisabledBy;

/// Why a manager did not do what it was asked for with one plugin.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{PluginError, PluginManager};
/// fn advice(error: &PluginError) -> &'static str {
///     match error {
///         PluginError::Unknown { .. } => "look at the name",
///         PluginError::Disabled { .. } => "enable it",
///         PluginError::Failed { .. } => "retry it",
///         PluginError::Skipped { cause, .. } => advice(cause),
///         _ => "ask the plugin's author",
///     }
/// }
/// let manager = PluginManager::new("plugins")?;
/// if let Err(error) = manager.load("mailer") {
///     assert_eq!(advice(&error), "look at the name");
/// }
/// # Ok::<(), plugo::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PluginError {
    /// The manager has no plugin of that name.
    #[non_exhaustive]
    Unknown {
        /// The name.
        name: String,
        /// The manager's namespace.
        namespace: String,
        /// A plugin whose name is alike, if there is one.
        nearest: Option<&'static str>,
    },
    /// The plugin is disabled.
    #[non_exhaustive]
    Disabled {
        /// The plugin.
        name: &'static str,
        /// Its namespace.
        namespace: &'static str,
        /// What took it away.
        by: DisabledBy,
        /// Why.
        reason: Cow<'static, str>,
    },
    /// The plugin failed, now or before. It is not tried again until
    /// [`retry`](crate::PluginManager::retry).
    #[non_exhaustive]
    Failed {
        /// The plugin.
        name: &'static str,
        /// The part of its life in which it failed.
        phase: Phase,
        /// What happened.
        error: Arc<Failure>,
        /// How often it was tried since it was last loaded: 0 when it was loaded and
        /// failed to stop, or when a listener refused it before it was tried.
        attempts: u32,
    },
    /// A plugin that it depends on did not load, so it was not touched.
    #[non_exhaustive]
    Skipped {
        /// The plugin.
        name: &'static str,
        /// The plugin that it depends on.
        dependency: &'static str,
        /// Why that one did not load.
        cause: Arc<PluginError>,
    },
    /// A plugin would have had to wait for itself, through those named here. The last
    /// is the first again. In another namespace than the default one a name is
    /// `namespace/name`.
    Circle(Vec<String>),
    /// The app has dropped its last handle of the manager, and every plugin is
    /// stopped for good.
    Closed,
}

impl PluginError {
    /// Whether something went wrong, rather than that the plugin, or one that it
    /// depends on, was disabled.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{PluginError, PluginManager};
    /// fn load_if_enabled(manager: &PluginManager, name: &str) -> Result<(), PluginError> {
    ///     match manager.load(name) {
    ///         Err(error) if error.is_failure() => Err(error),
    ///         _ => Ok(()),
    ///     }
    /// }
    /// # assert!(load_if_enabled(&PluginManager::new("plugins")?, "mailer").is_err());
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn is_failure(&self) -> bool {
        match self {
            PluginError::Disabled { .. } => false,
            PluginError::Skipped { cause, .. } => cause.is_failure(),
            _ => true,
        }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PluginError::Unknown { name, namespace, nearest } => {
                write!(f, "no plugin named `{name}` in namespace `{namespace}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            PluginError::Disabled { name, namespace, by, reason } => {
                write!(
                    f,
                    "plugin `{name}` in namespace `{namespace}` is disabled by {by}: {reason}"
                )
            }
            PluginError::Failed { name, phase, error, attempts } => {
                write!(f, "plugin `{name}` failed in {phase}")?;
                if *attempts > 1 {
                    write!(f, " at attempt {attempts}")?;
                }
                write!(f, ": {error}")
            }
            PluginError::Skipped { name, dependency, cause } => {
                write!(f, "plugin `{name}` is skipped, since it depends on `{dependency}`: {cause}")
            }
            PluginError::Circle(names) => write_circle(f, names),
            PluginError::Closed => {
                f.write_str("the plugin manager was dropped, and its plugins are stopped")
            }
        }
    }
}

impl Error for PluginError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PluginError::Failed { error, .. } => error.as_error(),
            PluginError::Skipped { cause, .. } => Some(&**cause),
            _ => None,
        }
    }
}

/// Why a manager cannot be built.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{BuildError, PluginManager};
/// match PluginManager::new("plugins") {
///     Ok(manager) => println!("{}", manager.load_all()),
///     Err(BuildError::Twice { name, places: [one, other], .. }) => {
///         eprintln!("{one} and {other} both define `{name}`");
///     }
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A pattern of a filter is empty, or has a character that no name has.
    Pattern(PatternError),
    /// Two different plugins of one name are in the namespace.
    #[non_exhaustive]
    Twice {
        /// The name.
        name: &'static str,
        /// Where the two are.
        places: [Place; 2],
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Pattern(error) => write!(f, "{error}"),
            BuildError::Twice { name, places: [one, other] } => {
                write!(
                    f,
                    "two plugins are called `{name}`: one at {one}, one at {other}; rename one"
                )
            }
        }
    }
}

impl Error for BuildError {}

impl From<PatternError> for BuildError {
    fn from(error: PatternError) -> Self {
        BuildError::Pattern(error)
    }
}
