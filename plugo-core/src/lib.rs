//! The core of plugo: what an entry point is, the table of a build's plugins,
//! keyword arguments, and loading with its report.
//!
//! Applications and plugins depend on the crate `plugo`, which re-exports all
//! of this beside the macros. Depend on this crate alone when you write a
//! library that handles plugins and defines none.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// What a plugin or a namespace may be called.
pub mod name;
/// The arguments that an app offers, and how a parameter takes one.
mod kwargs;
/// Why a plugin failed.
mod failure;
/// What `#[plugin]` leaves in a crate.
mod entry;
/// Why a plugin is in a build.
mod reason;
/// The plugins of a build, in load order.
mod table;
/// The tables of a program.
mod registry;
/// What loading did.
mod report;
/// Calls init functions.
mod load;

#[doc(hidden)]
pub use self::entry::{Declared, EntryPoint};
pub use self::failure::{BoxError, Failure};
pub use self::kwargs::{Argument, ArgumentError, IntoValue, Kwargs, Value};
pub use self::load::{load_namespace, load_namespace_async, load_plugins, load_plugins_async};
pub use self::reason::{Reason, Source};
pub use self::registry::tables;
pub use self::report::{LoadError, PluginReport, Report, State, Warning};
#[doc(hidden)]
pub use self::table::same_version as __same_version;
pub use self::table::{DEFAULT_NAMESPACE, Iter, Plugin, Table};

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use crate::entry::{ByLocalError, BySendError, Entry, Refused, Returned, Started};
    pub use crate::name::{assert_namespace, assert_plugin_name};
    #[cfg(all(feature = "inventory", not(feature = "linkme")))]
    pub use crate::registry::Submitted;
    #[cfg(feature = "linkme")]
    pub use crate::registry::TABLES;
    pub use crate::table::{Row, Sheet, Text};
    #[cfg(feature = "inventory")]
    pub use inventory;
    #[cfg(feature = "linkme")]
    pub use linkme;

    pub use crate::{
        __entry as entry, __list as list, __submit as submit, __symbol as symbol, __table as table,
    };
}
