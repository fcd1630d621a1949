//! A running app, rebuilt and replaced when its code changes.
//!
//! The sockets stay open all the time. When files change, Cargo builds, the
//! new process starts beside the old one on the same sockets, and when it is
//! ready the old one is asked to end its requests and itself. What does not
//! build, or ends before it is ready, replaces nothing.

use std::ffi::OsString;
use std::time::Duration;

/// What happens.
mod event;
/// What a person asks for.
mod keys;
/// What a build depends on.
mod watched;
/// Where programs are kept while they run.
mod folder;
/// Where processes say that they are ready.
mod notices;
/// Where the app is reached.
mod sockets;
/// Pages that load themselves again.
mod live;
/// Code that is patched into it.
mod patch;
/// A process of the app.
mod process;
/// A build.
mod build;
/// All of it together.
mod session;

pub(crate) use self::patch::record;
pub(crate) use self::process::become_child;
pub(crate) use self::session::run;

/// How the app is developed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) client: Option<String>,
    pub(crate) program: String,
    /// Features of the app beside those of the selection.
    pub(crate) features: Vec<String>,
    /// Plugins are patched into the running process.
    pub(crate) patches: bool,
    /// Where the app is reached.
    pub(crate) listen: Vec<String>,
    /// Where pages in browsers hear of reloads.
    pub(crate) livereload: Option<String>,
    pub(crate) debounce: Duration,
    /// The old process ends before the new one starts.
    pub(crate) is_sequential: bool,
    /// The app itself follows the file that selects.
    pub(crate) ignores_selection: bool,
    /// What the app gets.
    pub(crate) arguments: Vec<OsString>,
}
