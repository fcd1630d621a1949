use std::io::{self, Write};
use std::process::ExitCode;

use super::answer::plain;
use crate::error::{EditError, Error};
use crate::store::UserError;

/// The answer is no.
const NO: u8 = 1;
/// The call was wrong.
pub(super) const USAGE: u8 = 2;
/// The environment is broken.
const ENVIRONMENT: u8 = 3;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    why: String,
}

impl Failure {
    pub(super) fn no(why: impl Into<String>) -> Self {
        Failure { code: NO, why: why.into() }
    }

    pub(super) fn usage(why: impl Into<String>) -> Self {
        Failure { code: USAGE, why: why.into() }
    }

    pub(super) fn environment(why: impl Into<String>) -> Self {
        Failure { code: ENVIRONMENT, why: why.into() }
    }

    /// Says it, and gives the exit code. Where nobody can be told, the code says
    /// enough.
    pub(super) fn told(self, program: &str) -> ExitCode {
        // The library knows the command and not who calls it.
        let why = self.why.replace("`db ", &format!("`{program} db "));
        let _ = writeln!(io::stderr(), "error: {}", plain(&why));
        self.code.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Url { .. } => USAGE,
            Error::NothingRegistered => NO,
            _ => ENVIRONMENT,
        };
        Failure { code, why: error.to_string() }
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

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Store(error) => error.into(),
            UserError::NameTaken(_) => Failure::no(error.to_string()),
            error => Failure::usage(error.to_string()),
        }
    }
}
