use std::fmt;

/// One reason why a plugin is in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    pub(crate) source: Source,
    pub(crate) place: &'static str,
}

impl Reason {
    /// The kind of place that asked for the plugin.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The place: a file with line and column, a variable, or a plugin's name.
    pub fn place(&self) -> &'static str {
        self.place
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.place)
    }
}

/// A kind of place where a plugin was switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The config file, `plugins_config.json`.
    Config,
    /// The client's file, `clients/<name>.json`.
    Client,
    /// The variable `ENABLED_PLUGINS`.
    Environment,
    /// A cargo feature, where neither a file nor the variable selects.
    Feature,
    /// A dependency of the app that is always compiled in, or the app's own
    /// source, where neither a file nor the variable selects.
    Always,
    /// Another plugin that depends on it.
    Dependency,
}

impl Source {
    /// Every source; the position is its number in a table.
    #[doc(hidden)]
    pub const ALL: [Source; 6] = [
        Source::Config,
        Source::Client,
        Source::Environment,
        Source::Feature,
        Source::Always,
        Source::Dependency,
    ];

    /// The word that the manifest and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Config => "config",
            Source::Client => "client",
            Source::Environment => "environment",
            Source::Feature => "feature",
            Source::Always => "always",
            Source::Dependency => "dependency",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
