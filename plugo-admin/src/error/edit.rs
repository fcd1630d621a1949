use std::error::Error as StdError;
use std::fmt;

use plugo_settings::Problems;

use super::Error;
use crate::model::{At, InstanceId, Version};

/// Why nothing was edited.
#[derive(Debug)]
#[non_exhaustive]
pub enum EditError {
    /// There is no such instance, or not any more.
    NotFound(InstanceId),
    /// Somebody else was there first.
    Conflict(Box<Conflict>),
    /// The value does not do; the text says why.
    Invalid(String),
    /// The settings do not fit their schema; each problem says where. No secret is in
    /// it.
    Settings(Problems),
    /// The item has another instance of this name.
    NameTaken(String),
    /// The database did not do it.
    Store(Error),
}

/// What somebody else changed since an editor looked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conflict {
    /// The instance.
    pub id: InstanceId,
    /// Item and instance as people name them.
    pub subject: String,
    /// The version that the editor saw.
    pub seen: Version,
    /// The version that there is now.
    pub now: Version,
    /// Who changed it last, as far as the audit log knows.
    pub by: Option<String>,
    /// When, as far as the audit log knows.
    pub at: Option<At>,
    /// Whether it was ever changed by hand in the database, which the audit log
    /// does not know: then the last change may be that one.
    pub by_hand: bool,
    /// What the last change in the audit log was, in words: one for each field.
    pub changes: Vec<String>,
}

impl From<Error> for EditError {
    fn from(error: Error) -> Self {
        EditError::Store(error)
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::NotFound(id) => write!(f, "there is no instance {id} (any more)"),
            EditError::Conflict(conflict) => conflict.fmt(f),
            EditError::Invalid(why) => f.write_str(why),
            EditError::Settings(problems) => {
                write!(f, "the settings do not fit, and nothing was saved: {problems}")
            }
            EditError::NameTaken(name) => {
                write!(f, "the item has an instance that is called `{name}` already")
            }
            EditError::Store(error) => error.fmt(f),
        }
    }
}

impl StdError for EditError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            EditError::Store(error) => Some(error),
            EditError::Settings(problems) => Some(problems),
            _ => None,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was changed meanwhile", self.subject)?;
        match (&self.by, self.by_hand) {
            (Some(by), false) => write!(f, " by {by}")?,
            (Some(by), true) => write!(f, ", by hand in the database or by {by}")?,
            (None, _) => f.write_str(", by hand in the database")?,
        }
        for change in &self.changes {
            write!(f, "; {change}")?;
        }
        f.write_str("; look at what holds now, then decide again")
    }
}
