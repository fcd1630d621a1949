//! New plugins, and their place in the app.

/// Names that people give, as names of crates.
mod name;
/// Which plugo the app and its plugins depend on.
mod source;
/// The files of a plugin.
mod templates;
/// What is put into the app's own source.
mod program;
/// A plugin's crate in the app's `Cargo.toml` and config file.
mod wire;
/// A plugin's crate that exists already.
mod existing;
/// A plugin's crate out of the app again.
mod unwire;
/// What all commands here end with.
mod finish;
/// A new plugin.
mod plugin;

pub(crate) use self::existing::Existing;
pub(crate) use self::finish::{finish, resolved};
pub(crate) use self::plugin::{NewArgs, new_plugin};
pub(crate) use self::program::Program;
pub(crate) use self::source::PlugoSource;
pub(crate) use self::templates::{BUILD, Kind};
pub(crate) use self::unwire::Unwire;
