use std::error::Error;
use std::fmt;

use plugo_core::Status;

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdError {
    /// The text.
    pub text: String,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no id, which is a UUID in lower case with its hyphens", self.text)
    }
}

impl Error for IdError {}

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

#[cfg(test)]
mod tests {
    use crate::model::{InstanceId, Role, Via};

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

    #[test]
    fn what_is_no_id_is_told_with_what_one_looks_like() {
        let id = InstanceId::new().to_string();
        assert_eq!(id.parse::<InstanceId>().unwrap().to_string(), id);
        for wrong in ["7", &id.to_uppercase(), &id.replace('-', "")] {
            let error = wrong.parse::<InstanceId>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{wrong}` is no id, which is a UUID in lower case with its hyphens")
            );
            assert!(serde_json::from_value::<InstanceId>(wrong.into()).is_err());
        }
    }
}
