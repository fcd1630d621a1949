use std::fmt;

use plugo_build::{Diagnostic, Severity};

use crate::exit;

/// Why a command did not do what it was asked for. Each kind has an
/// [exit code](crate::exit).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The answer is no.
    No(String),
    /// The call was wrong.
    Usage(String),
    /// The environment is broken.
    Environment(String),
    /// What the build script would refuse, warnings included.
    Refused(Vec<Diagnostic>),
    /// Everything was said already; the exit code says the rest.
    Said(u8),
}

impl Error {
    /// The answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Error::No(message.into())
    }

    /// The call was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::Usage(message.into())
    }

    /// The environment is broken.
    pub fn environment(message: impl Into<String>) -> Self {
        Error::Environment(message.into())
    }

    /// A file or a folder could not be read or written.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Error::Environment(format!("`{}` cannot be {what}: {error}", path.display()))
    }

    /// The text of a file that the caller named.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for one that is not there, [`Error::Environment`] for
    /// one that cannot be read.
    pub(crate) fn input(path: &std::path::Path) -> Result<String, Self> {
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::usage(format!("there is no file `{}`", path.display()))
            }
            _ => Error::io("read", path, &error),
        })
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Error::No(_) | Error::Refused(_) => exit::NO,
            Error::Usage(_) => exit::USAGE,
            Error::Environment(_) => exit::ENVIRONMENT,
            Error::Said(code) => *code,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::No(message) | Error::Usage(message) | Error::Environment(message) => {
                f.write_str(message)
            }
            Error::Refused(problems) => {
                let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
                write!(f, "{errors} {}", if errors == 1 { "problem" } else { "problems" })
            }
            Error::Said(code) => write!(f, "exit code {code}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Vec<Diagnostic>> for Error {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Error::Refused(problems)
    }
}
