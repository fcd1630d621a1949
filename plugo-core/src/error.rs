use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::failure::{Failure, write_circle};
use crate::glob::PatternError;
use crate::lifecycle::Phase;
use crate::state::DisabledBy;

/// Why a manager did not do what it was asked for with one plugin.
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
        /// How often it was tried.
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
    /// The plugin waits for itself, through those named here. The last is the
    /// first again. In another namespace than the default one a name is
    /// `namespace/name`.
    Circle(Vec<String>),
    /// The manager was dropped, and every plugin is stopped for good.
    Closed,
}

impl PluginError {
    /// Whether a failure is at the root of it, rather than a plugin that was
    /// disabled.
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A filter has a pattern that can match no name.
    Pattern(PatternError),
    /// Two plugins of one name are in the namespace.
    #[non_exhaustive]
    Twice {
        /// The name.
        name: &'static str,
        /// Where the two are.
        places: [&'static str; 2],
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
