use std::error::Error;
use std::fmt;
use std::sync::Arc;

use plugo_core::{Failure, SelectError};
use plugo_settings::Problems;

use crate::model::InstanceId;
use crate::secrets::RevealError;

/// Why a lookup found no instance, or could not make it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InstanceError {
    /// This program follows no database, and did not.
    NotFollowing,
    /// The plugin type is not in the program's list of plugins, or not in the
    /// database.
    UnknownType {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// There is no instance of the type, whose items all have settings.
    NoInstance {
        /// The plugin type.
        plugin_type: &'static str,
        /// Its items in this program, of which instances can be made.
        items: Vec<String>,
    },
    /// The type is in the database, and every instance of its items in this program was
    /// deleted there.
    NoneLeft {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// Each instance is disabled.
    AllDisabled {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// What is asked for, or all that is not disabled, is in the database and its
    /// item is not in this program.
    NotCompiledIn {
        /// The plugin type.
        plugin_type: &'static str,
        /// The items that are missing.
        items: Vec<String>,
    },
    /// The type has no instance of this name or id.
    Unknown {
        /// The plugin type.
        plugin_type: &'static str,
        /// What was asked for.
        asked: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// Several items have an instance of this name.
    Ambiguous {
        /// The plugin type.
        plugin_type: &'static str,
        /// What was asked for.
        asked: String,
        /// How each can be asked for.
        known: Vec<String>,
    },
    /// The instance that was asked for is disabled.
    Disabled {
        /// The plugin type.
        plugin_type: &'static str,
        /// Item and instance.
        instance: String,
    },
    /// The settings of the instance cannot be read: a secret does not decrypt, or they
    /// are no JSON.
    Unreadable {
        /// Item and instance.
        instance: String,
        /// Why.
        why: RevealError,
    },
    /// The settings of the instance do not fit the item that is in this program.
    Settings {
        /// Item and instance.
        instance: String,
        /// What does not fit, with JSON pointers; it shows no secret.
        problems: Problems,
    },
    /// The constructor failed, panicked, misses an argument, or waits for what it
    /// makes.
    Construct {
        /// Item and instance.
        instance: String,
        /// What happened.
        error: Arc<Failure>,
    },
    /// The type's own selector chose none, or failed.
    Selector(SelectError),
    /// Every candidate failed.
    AllFailed {
        /// The plugin type.
        plugin_type: &'static str,
        /// Each, in the order in which they were tried.
        failed: Vec<FailedInstance>,
    },
}

/// A candidate that could not be made, or did not pass a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedInstance {
    /// The instance.
    pub id: InstanceId,
    /// Item and instance.
    pub instance: String,
    /// What happened.
    pub error: InstanceError,
}

impl fmt::Display for FailedInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "passed over: {}", self.error)
    }
}

impl fmt::Display for InstanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceError::NotFollowing => f.write_str(
                "this program follows no database of plugins: call `store.follow(&registry)`, and \
                 keep what it gives",
            ),
            InstanceError::UnknownType { plugin_type } => write!(
                f,
                "plugin type `{plugin_type}` is not in the database: no item of it is in this \
                 program, or `store.sync(…)` was not called"
            ),
            InstanceError::NoInstance { plugin_type, items } => write!(
                f,
                "plugin type `{plugin_type}` has no instance; make one of `{}`",
                items.join("`, `")
            ),
            InstanceError::NoneLeft { plugin_type } => write!(
                f,
                "plugin type `{plugin_type}` has no instance in the database (any more); \
                 `store.sync(…)` makes those of items without settings"
            ),
            InstanceError::AllDisabled { plugin_type } => {
                write!(f, "every instance of plugin type `{plugin_type}` is disabled")
            }
            InstanceError::NotCompiledIn { plugin_type, items } => write!(
                f,
                "plugin type `{plugin_type}` has instances of `{}`, which this program does not \
                 contain",
                items.join("`, `")
            ),
            InstanceError::Unknown { plugin_type, asked, nearest } => {
                write!(f, "plugin type `{plugin_type}` has no instance `{asked}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            InstanceError::Ambiguous { plugin_type, asked, known } => write!(
                f,
                "plugin type `{plugin_type}` has several instances `{asked}`: ask for one of `{}`",
                known.join("`, `")
            ),
            InstanceError::Disabled { plugin_type, instance } => {
                write!(f, "instance `{instance}` of plugin type `{plugin_type}` is disabled")
            }
            InstanceError::Unreadable { instance, why } => {
                write!(f, "the settings of instance `{instance}` cannot be read: {why}")
            }
            InstanceError::Settings { instance, problems } => {
                write!(f, "the settings of instance `{instance}` do not fit: {problems}")
            }
            InstanceError::Construct { instance, error } => {
                write!(f, "instance `{instance}` cannot be made: {error}")
            }
            InstanceError::Selector(error) => error.fmt(f),
            InstanceError::AllFailed { plugin_type, failed } => {
                write!(f, "no instance of plugin type `{plugin_type}` works")?;
                failed.iter().try_for_each(|failed| write!(f, "\n  {failed}"))
            }
        }
    }
}

impl Error for InstanceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            InstanceError::Construct { error, .. } => match &**error {
                Failure::Error(error) => Some(&**error),
                Failure::Argument(error) => Some(error),
                _ => None,
            },
            InstanceError::Unreadable { why, .. } => Some(why),
            InstanceError::Settings { problems, .. } => Some(problems),
            InstanceError::Selector(error) => error.source(),
            _ => None,
        }
    }
}
