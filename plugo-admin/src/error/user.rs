use std::fmt;

use super::Error;
use crate::model::{unseen, unseen_text};

/// Why nothing was done about a user.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserError {
    /// There is no user of this name.
    NotFound(String),
    /// There is a user of this name already.
    NameTaken(String),
    /// Who changes users takes nothing away from themselves.
    Oneself,
    /// Who changes users was an editor, and is none any more.
    NoEditor,
    /// Nobody would be left who may change anything.
    LastEditor,
    /// The name or the password does not do; the text says why.
    Invalid(String),
    /// The database did not do it.
    Store(Error),
}

impl From<Error> for UserError {
    fn from(error: Error) -> Self {
        UserError::Store(error)
    }
}

impl UserError {
    /// Whether a user may have this name.
    pub(crate) fn check_name(name: &str) -> Result<(), Self> {
        let name = name.trim();
        if !(1..=100).contains(&name.chars().count()) {
            let why = "a user's name has 1 to 100 characters".to_owned();
            return Err(UserError::Invalid(why));
        }
        match unseen(name) {
            None => Ok(()),
            Some(c) => Err(UserError::Invalid(unseen_text(c))),
        }
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserError::NotFound(name) => write!(f, "there is no user `{name}`"),
            UserError::NameTaken(name) => write!(f, "there is a user `{name}` already"),
            UserError::Oneself => f.write_str(
                "you cannot take the role from yourself, nor disable yourself; another editor can",
            ),
            UserError::NoEditor => f.write_str("you may not change users any more"),
            UserError::LastEditor => {
                f.write_str("no editor would be left who may log in; make another one first")
            }
            UserError::Invalid(why) => f.write_str(why),
            UserError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for UserError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            UserError::Store(error) => Some(error),
            _ => None,
        }
    }
}
