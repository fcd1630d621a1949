//! Status and priority of plugins in a database, so that operators switch
//! compiled-in plugins while the app runs, on one machine or on many.
//!
//! A [`Store`] is a SQLite file or a PostgreSQL database. [`Store::sync`] writes
//! what this program has into it ([`Registry`]), [`Store::edit`] changes what an
//! operator owns, and [`Store::follow`] brings every change to the lookups of
//! this process, which read neither the database nor a lock.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// Rows of the database as types.
mod model;
/// Why the store did not do what it was asked for.
mod error;
/// What this program has.
mod registry;
/// Fields of settings that are encrypted at rest.
mod secrets;
/// Which database, and how it is shown.
mod url;
/// The tables, version by version.
mod migrations;
/// The rows of one revision, as a value.
mod snapshot;
/// What lookups of instances read.
mod board;
/// Which snapshot lookups go by.
mod force;
/// The database.
mod store;
/// Keeps lookups up to date.
mod follow;
/// Why a lookup found no instance.
mod instance_error;
/// Lookups of instances.
mod instances;
/// Who may see and change what.
#[cfg(feature = "pages")]
mod auth;
/// What pages and API are about.
#[cfg(feature = "pages")]
mod site;
/// What is selected, and why.
#[cfg(feature = "pages")]
mod explain;
/// Whether an instance can be constructed.
#[cfg(feature = "pages")]
mod probe;
/// The JSON API.
#[cfg(feature = "pages")]
mod api;
/// The admin pages.
#[cfg(feature = "pages")]
mod pages;
/// The app's own commands `db` and `admin`.
#[cfg(feature = "command")]
mod command;

#[cfg(feature = "pages")]
pub use self::auth::{Auth, Identity};
#[cfg(feature = "command")]
pub use self::command::{Commands, command};
pub use self::error::{Conflict, EditError, Error, UserError};
pub use self::follow::{FollowStatus, Following};
pub use self::force::in_force;
pub use self::instance_error::{FailedInstance, InstanceError};
pub use self::instances::{Instance, InstanceFallback, Instances, instances};
pub use self::model::{
    Actor, At, AuditQuery, AuditRow, Change, IdError, InstanceDetail, InstanceId, InstanceQuery,
    InstanceRow, ItemId, ItemQuery, ItemRow, Page, PluginId, PluginQuery, PluginRow, Role, Sort,
    TypeId, TypeRef, TypeRow, User, UserId, Version, Via, WordError, status_from_word,
};
#[cfg(feature = "pages")]
pub use self::pages::Pages;
pub use self::registry::{RegisteredItem, RegisteredPlugin, RegisteredType, Registry};
pub use self::secrets::{KeyRing, RevealError, SealedSettings, Settings};
pub use self::snapshot::{Ranked, Snapshot, SnapshotInstance, SnapshotItem, SnapshotType};
pub use self::store::{
    Edited, LostSecret, OpenedSession, PruneMode, Pruned, RekeyError, Rekeyed, Session, SessionUse,
    Store, StoreOptions, SyncMode, Synced,
};
