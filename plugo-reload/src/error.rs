use std::error::Error;
use std::fmt;
use std::time::Duration;

use plugo_core::PluginError;

/// One thing that is wrong with what is asked for: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Problem { message: message.into(), place: None, help: None }
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// Why a reload changed nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The file is wrong, or asks for what cannot be.
    Config(Vec<Problem>),
    /// A plugin did not come up. Those that had come up for this reload are
    /// stopped again.
    Init {
        /// The plugin.
        plugin: &'static str,
        /// What it says.
        error: PluginError,
    },
    /// What the plugins contribute could not be put together.
    Assemble(String),
    /// A plugin that is asked for is still being stopped.
    Stopping {
        /// The plugin.
        plugin: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The reloader was dropped, and its plugins are stopped.
    Closed,
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReloadError::Config(problems) => {
                for (i, problem) in problems.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
            ReloadError::Init { error, .. } => write!(f, "{error}"),
            ReloadError::Assemble(message) => {
                write!(f, "what the plugins contribute does not go together: {message}")
            }
            ReloadError::Stopping { plugin, waited } => write!(
                f,
                "`{plugin}` is still being stopped after {} s; its last users are not done, or its \
                 `stop` does not return",
                waited.as_secs()
            ),
            ReloadError::Closed => {
                f.write_str("the reloader was dropped, and its plugins are stopped")
            }
        }
    }
}

impl Error for ReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ReloadError::Init { error, .. } => Some(error),
            _ => None,
        }
    }
}
