//! The core of plugo: what an entry point is, the table of a build's plugins,
//! keyword arguments, and loading with its report.
//!
//! Applications and plugins depend on the crate `plugo`, which re-exports all
//! of this beside the macros. Depend on this crate alone when you write a
//! library that handles plugins and defines none.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// What threads meet at.
mod sync;
/// What a plugin or a namespace may be called.
pub mod name;
/// Where something stands in a source file.
mod place;
/// Why a parameter found no argument.
mod argument_error;
/// The arguments that an app offers, and how a parameter takes one.
mod kwargs;
/// Why a plugin failed.
mod failure;
/// Panics become failures.
mod unwind;
/// What a call into a plugin gives.
mod step;
/// What a plugin with a lifecycle does, and the phases of it.
mod lifecycle;
/// Who waits for whom.
mod waits;
/// An item of a plugin type, where it is defined.
mod item;
/// How a linked entry point is found in a file.
#[doc(hidden)]
pub mod mark;
/// What an attribute says, for lists by hand.
mod declared;
/// What `#[plugin]` leaves in a crate.
mod entry;
/// Entry points that took the place of others.
#[cfg(feature = "patch")]
mod replaced;
/// Why a plugin is in a build.
mod reason;
/// A perfect hash of names.
#[doc(hidden)]
pub mod lookup;
/// Numbers in little space.
mod numbers;
/// What a plan says about plugins.
mod sheet;
/// The plugins of a build, in load order.
mod table;
/// What `plugins!` becomes.
mod generated;
/// The tables of a program.
mod registry;
/// What an operator says by variables.
mod environment;
/// A row of numbers that is replaced whole.
mod copies;
/// What an operator says about items.
mod overrides;
/// The plugin types of the program, and what holds for their items.
mod types;
/// Why a lookup found no item.
mod select_error;
/// A plugin type with its items, and what a thread selected last.
mod bound;
/// Plugin types, and handles of their items.
mod handle;
/// Lookups of items.
mod select;
/// Where a plugin is in its life.
mod state;
/// Calls into a plugin, phase by phase.
mod drive;
/// Patterns over names.
mod glob;
/// Why a manager did not do what it was asked for.
mod error;
/// What loading did.
mod report;
/// Tells the app's subscriber.
mod announce;
/// Calls many plugins in a row.
mod stretch;
/// Loads all plugins once.
mod load;
/// Which plugins are let in.
mod filter;
/// Who hears what happens to a plugin.
mod listener;
/// Where each plugin of a manager is, and who may move it.
mod slots;
/// Moves the plugins of a manager.
mod inner;
/// The handle of a manager.
mod manager;
/// A second instance of a plugin, beside the one that a manager holds.
#[cfg(feature = "patch")]
mod beside;
/// What a manager is told when it is built.
mod builder;
/// What threads do here, in every order.
#[cfg(all(loom, test))]
mod models;

pub use self::argument_error::ArgumentError;
#[cfg(feature = "patch")]
#[doc(hidden)]
pub use self::beside::Beside;
pub use self::builder::PluginManagerBuilder;
#[doc(hidden)]
pub use self::entry::EntryPoint;
pub use self::error::{BuildError, PluginError};
pub use self::failure::{BoxError, Failure};
pub use self::filter::Rule;
#[doc(hidden)]
pub use self::generated::same_version as __same_version;
pub use self::glob::PatternError;
pub use self::handle::{Item, PluginType};
pub use self::item::{Status, TypeInfo};
pub use self::kwargs::{Argument, IntoValue, Kwargs, Value};
pub use self::lifecycle::{Phase, Plugin};
pub use self::listener::{Event, Listener, Moment, Veto};
pub use self::load::{load_namespace, load_namespace_async, load_plugins, load_plugins_async};
pub use self::manager::{Call, PluginManager};
pub use self::name::DEFAULT_NAMESPACE;
pub use self::overrides::{Overrides, UnknownItem};
pub use self::place::Place;
pub use self::reason::{Reason, Source};
pub use self::registry::tables;
pub use self::report::{LoadError, PluginReport, Report, Warning};
pub use self::select::{Fallback, Items, items, select};
pub use self::select_error::{FailedItem, SelectError};
pub use self::state::{DisabledBy, State};
pub use self::step::{Kept, Step};
pub use self::table::{Iter, PluginInfo, Table};
pub use self::types::{ItemReport, Probe, TypeReport, overrides, plugin_types, set_overrides};

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use crate::bound::{Last, Slot};
    pub use crate::entry::{Conditional, Definition, Entry, Fixed, ItemOf, Marked, Reply};
    pub use crate::handle::{Choice, Selector};
    pub use crate::item::{AnyItem, ItemEntry, Once};
    pub use crate::mark::{MAGIC, Mark, bytes};
    pub use crate::name::{assert_namespace, assert_plugin_name};
    pub use crate::numbers::Numbers;
    #[cfg(all(feature = "inventory", not(feature = "linkme")))]
    pub use crate::registry::Submitted;
    #[cfg(feature = "linkme")]
    pub use crate::registry::TABLES;
    pub use crate::select::chosen_among;
    pub use crate::sheet::{Lists, Sheet};
    pub use crate::step::{
        ByLocalError, BySendError, ByValue, Construct, Decision, MadeFrom, Refused, Returned,
    };
    #[cfg(feature = "inventory")]
    pub use inventory;
    #[cfg(feature = "linkme")]
    pub use linkme;
    pub use std::boxed::Box;
    pub use std::sync::Arc;

    pub use crate::{
        __declared as declared, __entry as entry, __list as list, __submit as submit,
        __symbol as symbol, __table as table, __type_symbol as type_symbol,
    };
}
