use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::failure::Failure;
use crate::name::{FullName, nearest_full};

/// A candidate that could not be constructed, or did not pass a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedItem {
    /// Its name.
    pub item: &'static str,
    /// What happened.
    pub error: Arc<Failure>,
}

impl fmt::Display for FailedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item `{}` is passed over: {}", self.item, self.error)
    }
}

/// Why no item was found, or none could be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SelectError {
    /// The program has no table of plugins at all.
    #[non_exhaustive]
    NoTable {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// No item of the type is in this program.
    #[non_exhaustive]
    NoItem {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// The item that was asked for is not in this program.
    #[non_exhaustive]
    NotCompiledIn {
        /// The plugin type.
        plugin_type: &'static str,
        /// The name that was asked for.
        item: String,
        /// The items that are in it, as they can be asked for.
        known: Vec<String>,
    },
    /// Items of several namespaces have the name that was asked for.
    #[non_exhaustive]
    Ambiguous {
        /// The plugin type.
        plugin_type: &'static str,
        /// The name that was asked for.
        item: String,
        /// Those items, as they can be asked for.
        known: Vec<String>,
    },
    /// The item that was asked for is disabled.
    #[non_exhaustive]
    Disabled {
        /// The plugin type.
        plugin_type: &'static str,
        /// The item.
        item: &'static str,
    },
    /// Every item of the type is disabled.
    #[non_exhaustive]
    AllDisabled {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// Every item of the type that is not disabled has settings, and so cannot be
    /// made for everybody.
    #[non_exhaustive]
    NeedSettings {
        /// The plugin type.
        plugin_type: &'static str,
        /// Those items.
        items: Vec<&'static str>,
    },
    /// The type's own selector chose none of the candidates.
    #[non_exhaustive]
    NoCandidate {
        /// The plugin type.
        plugin_type: &'static str,
    },
    /// The type's own selector gave an error, panicked, or chose what is no
    /// candidate.
    #[non_exhaustive]
    Selector {
        /// The plugin type.
        plugin_type: &'static str,
        /// What happened.
        error: Arc<Failure>,
    },
    /// The item could not be constructed.
    #[non_exhaustive]
    Construct {
        /// The plugin type.
        plugin_type: &'static str,
        /// The item.
        item: &'static str,
        /// What happened.
        error: Arc<Failure>,
    },
    /// Every candidate failed.
    #[non_exhaustive]
    AllFailed {
        /// The plugin type.
        plugin_type: &'static str,
        /// Each, in the order in which they were tried.
        failed: Vec<FailedItem>,
    },
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelectError::NoTable { plugin_type } => write!(
                f,
                "there is no item of plugin type `{plugin_type}`, since this program has no table \
                 of plugins: write `plugo::plugins!();` in the app, with the feature `inventory` \
                 or `linkme` of plugo on"
            ),
            SelectError::NoItem { plugin_type } => {
                write!(f, "no item of plugin type `{plugin_type}` is in this program")
            }
            SelectError::NotCompiledIn { plugin_type, item, known } => {
                write!(f, "plugin type `{plugin_type}` has no item `{item}` in this program")?;
                match nearest_full(item, known.iter().map(|known| FullName::parse(known))) {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => write!(f, "; it has `{}`", known.join("`, `")),
                }
            }
            SelectError::Ambiguous { plugin_type, item, known } => write!(
                f,
                "plugin type `{plugin_type}` has several items `{item}`: ask for one of `{}`",
                known.join("`, `")
            ),
            SelectError::Disabled { plugin_type, item } => {
                write!(f, "item `{item}` of plugin type `{plugin_type}` is disabled")
            }
            SelectError::AllDisabled { plugin_type } => {
                write!(f, "every item of plugin type `{plugin_type}` is disabled")
            }
            SelectError::NeedSettings { plugin_type, items } => write!(
                f,
                "no item of plugin type `{plugin_type}` can be selected: `{}` {} settings, and \
                 instances are made with them, by `create_with(kwargs! {{ settings: … }})`",
                items.join("`, `"),
                if items.len() == 1 { "has" } else { "have" },
            ),
            SelectError::NoCandidate { plugin_type } => {
                write!(f, "the selector of plugin type `{plugin_type}` chose no item")
            }
            SelectError::Selector { plugin_type, error } => {
                write!(f, "the selector of plugin type `{plugin_type}` failed: {error}")
            }
            SelectError::Construct { plugin_type, item, error } => {
                write!(f, "item `{item}` of plugin type `{plugin_type}` cannot be made: {error}")
            }
            SelectError::AllFailed { plugin_type, failed } => {
                write!(f, "no item of plugin type `{plugin_type}` works")?;
                failed.iter().try_for_each(|failed| write!(f, "\n  {failed}"))
            }
        }
    }
}

impl Error for SelectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SelectError::Selector { error, .. } | SelectError::Construct { error, .. } => {
                error.as_error()
            }
            SelectError::AllFailed { failed, .. } => {
                failed.iter().find_map(|failed| failed.error.as_error())
            }
            _ => None,
        }
    }
}
