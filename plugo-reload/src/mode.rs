use std::fmt;
use std::time::Duration;

/// How a [`PluginWatcher`](crate::PluginWatcher) learns of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The system tells it.
    Notifications,
    /// It looks every so often.
    Polling {
        /// How often.
        every: Duration,
        /// Why the system does not tell it.
        reason: String,
    },
    /// It does not: `ENABLE_PLUGIN_HOT_RELOAD` says so.
    Off,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Notifications => f.write_str("watching"),
            Mode::Polling { every, reason } => {
                write!(f, "looking every {} ms, since {reason}", every.as_millis())
            }
            Mode::Off => f.write_str("not watching: ENABLE_PLUGIN_HOT_RELOAD says no"),
        }
    }
}

/// Why nothing can be watched.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// No path was given.
    NoPath,
    /// The current folder is gone, and a path is relative to it.
    NoCurrentFolder(std::io::Error),
    /// No thread could be started.
    NoThread(std::io::Error),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::NoPath => f.write_str("nothing is watched: no path was given"),
            WatchError::NoCurrentFolder(error) => {
                write!(f, "a path to watch is relative, and there is no current folder: {error}")
            }
            WatchError::NoThread(error) => {
                write!(f, "no thread to watch could be started: {error}")
            }
        }
    }
}

impl std::error::Error for WatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WatchError::NoPath => None,
            WatchError::NoCurrentFolder(error) | WatchError::NoThread(error) => Some(error),
        }
    }
}
