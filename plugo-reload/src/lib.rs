//! Plugins that come and go while the app runs.
//!
//! A [`Reloader`] brings the set of running plugins to what a config file
//! says, within what was built in. What plugins contribute (routes, handlers,
//! services) belongs to a *generation*: each is built from scratch beside the
//! one that runs, and takes its place with one store. So nothing is ever
//! "already registered", and a reload that fails changes nothing. A plugin that
//! leaves is stopped when its last user is done with it.
//!
//! A [`PluginWatcher`] tells when files change.
//!
//! Apps reach all of this as `plugo::reload`, with the feature `reload`.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// Whether anything is watched at all.
mod switch;
/// What is not looked at.
mod ignored;
/// What files hold, at one moment.
mod snapshot;
/// What a watcher has told of.
mod seen;
/// Whether notifications can be relied on.
mod filesystem;
/// Whether a thread may still call back.
mod gate;
/// Which folders matter, and what the system tells of them.
mod notifications;
/// How a watcher learns of changes, or why it does not.
mod mode;
/// Lets a watcher tell although nothing changed.
mod nudge;
/// Tells when files change.
mod watcher;
/// What is wrong with a reload.
mod error;
/// JSON whose values know where they stand.
mod json;
/// What a config file asks for.
mod config;
/// Which plugins that is.
mod wanted;
/// Awaits plugins that are `async`.
mod drive;
/// Who leaves, and who is the next.
mod leaving;
/// The plugins that leave, and who keeps them.
mod departures;
/// A set of running plugins, and what they contribute.
mod generation;
/// One reload after the other.
mod turn;
/// What a reload did.
mod reloaded;
/// What all handles of a reloader share.
mod shared;
/// One reload: brings the running plugins to what is asked for, or changes nothing.
mod attempt;
/// Awaits what another thread does.
mod later;
/// The handle, and what reloads.
mod reloader;
/// Code that is patched while the program runs, for `plugo dev --patch`.
#[cfg(feature = "patch")]
mod patch;
/// What a reloader is told when it is built.
mod builder;
/// Serves the current generation.
#[cfg(feature = "axum")]
mod axum;
/// Reloads when the process is told to.
#[cfg(all(unix, feature = "signal"))]
mod signal;

#[cfg(feature = "axum")]
pub use self::axum::ReloadService;
pub use self::builder::ReloaderBuilder;
pub use self::departures::Lease;
pub use self::error::{Problem, ReloadError};
pub use self::generation::{Generation, Part, Parts};
pub use self::mode::{Mode, WatchError};
pub use self::reloaded::Reloaded;
pub use self::reloader::Reloader;
#[cfg(all(unix, feature = "signal"))]
pub use self::signal::SignalGuard;
pub use self::snapshot::{Change, Changes};
pub use self::switch::is_enabled;
pub use self::wanted::LeftOut;
pub use self::watcher::{PluginWatcher, WatchBuilder};
