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
    #[non_exhaustive]
    Init {
        /// The plugin.
        plugin: &'static str,
        /// What it says.
        error: PluginError,
    },
    /// What the plugins contribute could not be put together.
    #[non_exhaustive]
    Assemble {
        /// The plugin whose part was looked at last, if there was one.
        plugin: Option<&'static str>,
        /// What is said against it.
        message: String,
    },
    /// A plugin is still being stopped: one that is to come back, or one that
    /// is waited for at the end.
    #[non_exhaustive]
    Stopping {
        /// The plugin.
        plugin: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A plugin could not be stopped: its `stop` is `async` and the reloader has no
    /// `block_on`, or that did not run it to its end. It is loaded still. Whoever
    /// wants it back, or closes the reloader, has it stopped once more.
    #[non_exhaustive]
    Stop {
        /// The plugin.
        plugin: &'static str,
        /// Why not.
        message: String,
    },
    /// A plugin that does not run here is loaded nevertheless: something else
    /// than the reloader loaded it.
    #[non_exhaustive]
    Loaded {
        /// The plugin.
        plugin: &'static str,
    },
    /// A reload does not come to its end, this one or another.
    #[non_exhaustive]
    Busy {
        /// The plugin that it initialises.
        plugin: Option<&'static str>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The reloader is closed, and its plugins are stopped.
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
            ReloadError::Assemble { plugin, message } => {
                f.write_str("what the plugins contribute does not go together")?;
                if let Some(plugin) = plugin {
                    write!(f, ", at `{plugin}`")?;
                }
                write!(f, ": {message}")
            }
            ReloadError::Stopping { plugin, waited } => write!(
                f,
                "`{plugin}` is still being stopped after {}; its last users are not done, or a \
                 `stop` does not return",
                seconds(*waited)
            ),
            ReloadError::Stop { plugin, message } => {
                write!(f, "`{plugin}` could not be stopped: {message}")
            }
            ReloadError::Loaded { plugin } => {
                write!(f, "`{plugin}` is loaded, and not by the reloader")
            }
            ReloadError::Busy { plugin, waited } => {
                let waited = seconds(*waited);
                write!(f, "a reload has not come to its end after {waited}")?;
                match plugin {
                    Some(plugin) => write!(f, "; it initialises `{plugin}`"),
                    None => Ok(()),
                }
            }
            ReloadError::Closed => {
                f.write_str("the reloader is closed, and its plugins are stopped")
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

impl Error for ReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ReloadError::Init { error, .. } => error.source(),
            _ => None,
        }
    }
}
