use std::io::{self, Write};
use std::process::ExitCode;

use super::answer::plain;
use crate::error::{EditError, Error, UserError};
use crate::secrets::KEYS;
use crate::store::RekeyError;

/// The answer is no.
const NO: u8 = 1;
/// The call was wrong.
pub(super) const USAGE: u8 = 2;
/// The environment is broken.
const ENVIRONMENT: u8 = 3;

/// Behind this the number of a signal stands, as a shell has it.
const SIGNAL: u8 = 128;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    why: String,
    hint: Option<Hint>,
    is_behind_a_question: bool,
}

/// What to type next: the library knows neither the commands nor their flags.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hint {
    /// The tables have to be migrated.
    Migrate,
    /// It is refused unless it is forced.
    Force,
    /// A key is wanted.
    Key,
    /// The instances and types that there are.
    List,
    /// The users that there are.
    Users,
}

impl Hint {
    /// What stands behind the reason.
    fn text(self, program: &str) -> String {
        match self {
            Hint::Migrate => format!(": `{program} db migrate`"),
            Hint::Force => ": --force".to_owned(),
            Hint::Key => {
                format!(": {KEYS} holds name:key, with 32 random bytes in Base64 as the key")
            }
            Hint::List => format!("; `{program} db list` shows what there is"),
            Hint::Users => format!("; `{program} db user list` shows who there is"),
        }
    }
}

impl Failure {
    fn new(code: u8, why: impl Into<String>) -> Self {
        Failure { code, why: why.into(), hint: None, is_behind_a_question: false }
    }

    pub(super) fn no(why: impl Into<String>) -> Self {
        Failure::new(NO, why)
    }

    pub(super) fn usage(why: impl Into<String>) -> Self {
        Failure::new(USAGE, why)
    }

    pub(super) fn environment(why: impl Into<String>) -> Self {
        Failure::new(ENVIRONMENT, why)
    }

    /// A signal of this number ended it.
    pub(super) fn ended(signal: u8) -> Self {
        let failure = Failure::new(SIGNAL.saturating_add(signal), "interrupted");
        Failure { is_behind_a_question: true, ..failure }
    }

    pub(super) fn hint(mut self, hint: Hint) -> Self {
        self.hint = Some(hint);
        self
    }

    /// What is said, to whoever calls the program so.
    fn text(&self, program: &str) -> String {
        let hint = self.hint.map(|hint| hint.text(program)).unwrap_or_default();
        plain(&format!("error: {}{hint}", self.why))
    }

    /// Says it, and gives the exit code. Where nobody can be told, the code says
    /// enough.
    pub(super) fn told(self, program: &str) -> ExitCode {
        let line = if self.is_behind_a_question { "\n" } else { "" };
        let _ = writeln!(io::stderr(), "{line}{}", self.text(program));
        self.code.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, hint) = match &error {
            Error::Url { .. } | Error::Search { .. } => (USAGE, None),
            Error::NoKey => (USAGE, Some(Hint::Key)),
            Error::NothingRegistered | Error::NothingLeft { .. } => (NO, Some(Hint::Force)),
            Error::Unmigrated { .. } => (ENVIRONMENT, Some(Hint::Migrate)),
            _ => (ENVIRONMENT, None),
        };
        Failure { hint, ..Failure::new(code, error.to_string()) }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Store(error) => error.into(),
            EditError::Invalid(why) => Failure::usage(why),
            error => Failure::no(error.to_string()),
        }
    }
}

impl From<RekeyError> for Failure {
    fn from(error: RekeyError) -> Self {
        match error {
            RekeyError::Store(error) => error.into(),
            error => Failure::no(error.to_string()),
        }
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Store(error) => error.into(),
            UserError::NameTaken(_)
            | UserError::Oneself
            | UserError::NoEditor
            | UserError::LastEditor => Failure::no(error.to_string()),
            error => Failure::usage(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_refuses_is_told_with_what_to_type() {
        let unmigrated = |found| Error::Unmigrated { database: "it".to_owned(), found, known: 3 };
        for (error, code, wanted) in [
            (unmigrated(0), 3, "migrate it first: `shop db migrate`"),
            (unmigrated(1), 3, "migrate it first: `shop db migrate`"),
            (Error::NothingRegistered, 1, "has to be forced: --force"),
            (Error::NothingLeft { items: 3 }, 1, "has to be forced: --force"),
            (Error::NoKey, 2, "the key ring: PLUGO_SECRET_KEYS holds name:key"),
        ] {
            // What is not asked for at a terminal speaks of no terminal.
            let neutral = error.to_string();
            assert!(!neutral.contains("--") && !neutral.contains("db "), "{neutral}");
            assert!(!neutral.contains("PLUGO_"), "{neutral}");
            let failure = Failure::from(error);
            assert_eq!(failure.code, code);
            let said = failure.text("shop");
            assert!(said.contains(wanted), "{said}");
        }
    }
}
