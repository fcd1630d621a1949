use std::error::Error;
use std::fmt;

use crate::kwargs::ArgumentError;

/// The error type that init functions' errors are kept in.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a plugin failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The app's arguments do not satisfy a parameter of the init function.
    Argument(ArgumentError),
    /// The init function gave an error.
    Error(BoxError),
    /// The init function panicked, with this message.
    Panic(String),
    /// The init function is running already: it loads the plugins itself.
    Recursive,
    /// The init function is `async`, and the plugins were loaded by a
    /// function that is not.
    Async,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Argument(error) => write!(f, "{error}"),
            Failure::Error(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Failure::Panic(message) => write!(f, "it panicked: {message}"),
            Failure::Recursive => {
                f.write_str("its init function loads the plugins, itself among them")
            }
            Failure::Async => f.write_str(
                "its init function is async, which needs `load_plugins_async` instead of \
                 `load_plugins`",
            ),
        }
    }
}
