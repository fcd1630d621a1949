use std::error::Error;
use std::fmt;
use std::str::FromStr;

use plugo_core::Status;
use serde::{Deserialize, Serialize};

/// A word that is none of those that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WordError {
    /// The word.
    pub word: String,
    /// What it should have been: `status`, `role`.
    pub what: &'static str,
    /// The words that there are.
    pub known: &'static [&'static str],
}

impl WordError {
    pub(crate) fn new(
        word: impl Into<String>,
        what: &'static str,
        known: &'static [&'static str],
    ) -> Self {
        WordError { word: word.into(), what, known }
    }
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no {}; say ", self.word, self.what)?;
        match self.known {
            [first @ .., last] if !first.is_empty() => write!(f, "{} or {last}", first.join(", ")),
            known => f.write_str(&known.join(", ")),
        }
    }
}

impl Error for WordError {}

/// The status that a word means: `active`, `reserve` or `disabled`.
///
/// ```
/// use plugo_admin::status_from_word;
/// let error = status_from_word("on").unwrap_err();
/// assert_eq!(error.to_string(), "`on` is no status; say active, reserve or disabled");
/// ```
///
/// # Errors
///
/// [`WordError`], which says which words there are.
pub fn status_from_word(word: &str) -> Result<Status, WordError> {
    const KNOWN: [Status; 3] = [Status::Active, Status::Reserve, Status::Disabled];
    const WORDS: &[&str] = &[KNOWN[0].as_str(), KNOWN[1].as_str(), KNOWN[2].as_str()];
    let found = KNOWN.into_iter().find(|status| status.as_str() == word);
    found.ok_or_else(|| WordError::new(word, "status", WORDS))
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See everything but secrets.
    View,
    /// Change what an operator owns, too.
    Edit,
}

impl Role {
    /// The word that the database and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::View => "view",
            Role::Edit => "edit",
        }
    }
}

impl FromStr for Role {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        const WORDS: &[&str] = &[Role::View.as_str(), Role::Edit.as_str()];
        let mut known = [Role::View, Role::Edit].into_iter();
        let found = known.find(|role| role.as_str() == word);
        found.ok_or_else(|| WordError::new(word, "role", WORDS))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// By which way a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The admin pages.
    Page,
    /// The JSON API.
    Api,
    /// The command line.
    Command,
    /// Code of the app.
    App,
    /// Sync, by the program itself as it starts.
    Sync,
}

impl Via {
    const ALL: [Via; 5] = [Via::Page, Via::Api, Via::Command, Via::App, Via::Sync];

    /// The word that the audit log uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Via::Page => "page",
            Via::Api => "api",
            Via::Command => "command",
            Via::App => "app",
            Via::Sync => "sync",
        }
    }
}

impl FromStr for Via {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        const WORDS: &[&str] = &["page", "api", "command", "app", "sync"];
        let found = Via::ALL.into_iter().find(|via| via.as_str() == word);
        found.ok_or_else(|| WordError::new(word, "way of a change", WORDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_word_is_told_with_those_that_are() {
        let role = "admin".parse::<Role>().unwrap_err();
        assert_eq!(role.to_string(), "`admin` is no role; say view or edit");
        let via = "post".parse::<Via>().unwrap_err();
        assert_eq!(
            via.to_string(),
            "`post` is no way of a change; say page, api, command, app or sync"
        );
        for word in via.known {
            assert_eq!(word.parse::<Via>().unwrap().as_str(), *word);
        }
    }
}
