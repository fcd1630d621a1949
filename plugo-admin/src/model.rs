use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use plugo_core::Status;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// What is asked for: rows, and which.
mod query;
/// What names a row.
mod id;
/// Words that the database and people use.
mod words;
/// Which characters show.
mod visible;

pub use self::id::{IdError, InstanceId, ItemId, PluginId, TypeId, UserId};
pub(crate) use self::query::paging;
pub use self::query::{AuditQuery, InstanceQuery, ItemQuery, Page, PluginQuery, Sort};
#[cfg(feature = "command")]
pub(crate) use self::visible::is_unseen;
pub(crate) use self::visible::{unseen, unseen_text};
pub use self::words::{Role, Via, WordError, status_from_word};

/// How often an instance was changed, which tells two editors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment, in milliseconds since the beginning of 1970 (UTC). It is shown and
/// never orders anything, since clocks are set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub i64);

impl At {
    /// What the clock of this machine says.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

fn word<S: Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(status.as_str())
}

fn word_or_null<S: Serializer>(status: &Option<Status>, to: S) -> Result<S::Ok, S::Error> {
    status.map(Status::as_str).serialize(to)
}

/// Who changes something, and by which way. That they may is for the caller to
/// check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name that the audit log shows.
    pub name: String,
    /// By which way.
    pub via: Via,
}

impl Actor {
    /// Somebody.
    pub fn new(name: impl Into<String>, via: Via) -> Self {
        Actor { name: name.into(), via }
    }

    /// This program, as who syncs when it starts: named as its executable.
    pub fn of_program() -> Self {
        let executable = std::env::current_exe().ok();
        let name = executable.as_deref().and_then(Path::file_stem).map(OsStr::to_string_lossy);
        let name: String = name.iter().flat_map(|name| name.chars()).take(100).collect();
        let name = name.replace(char::is_control, "");
        Actor::new(if name.is_empty() { "program" } else { &name }, Via::Sync)
    }
}

/// A plugin type as other rows name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TypeRef {
    /// The row.
    pub id: TypeId,
    /// The type's name.
    pub name: String,
    /// The package that its trait is in.
    pub package: String,
}

/// A plugin type, with how many instances hold which status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TypeRow {
    /// The row.
    pub id: TypeId,
    /// The type's name.
    pub name: String,
    /// The package that its trait is in.
    pub package: String,
    /// The trait's documentation.
    pub description: String,
    /// Whether the program that synced last has it.
    pub present: bool,
    /// How many items it has.
    pub items: u64,
    /// How many instances are active.
    pub active: u64,
    /// How many instances are in reserve.
    pub reserve: u64,
    /// How many instances are disabled.
    pub disabled: u64,
}

/// An item of a plugin type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ItemRow {
    /// The row.
    pub id: ItemId,
    /// Its type.
    pub of: TypeRef,
    /// The plugin's namespace.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// The package that it is in.
    pub package: String,
    /// The version that was there at the last sync that refreshed it.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// The status that the code says.
    #[serde(serialize_with = "word")]
    pub code_status: Status,
    /// The priority that the code says; the lower number comes first.
    pub code_priority: i32,
    /// Whether its instances have settings.
    pub has_settings: bool,
    /// Whether the program that synced last has it.
    pub present: bool,
}

impl ItemRow {
    /// The name as people write it: with the namespace where that is not the
    /// default one.
    pub fn full_name(&self) -> String {
        full_name(&self.namespace, &self.name)
    }
}

/// The name as people write it: with the namespace where that is not the default
/// one.
pub(crate) fn full_name(namespace: &str, name: &str) -> String {
    match namespace {
        plugo_core::DEFAULT_NAMESPACE => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// What an operator switches and orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InstanceRow {
    /// The row.
    pub id: InstanceId,
    /// Its item.
    pub item: ItemRow,
    /// Its name, which no other instance of the item has.
    pub name: String,
    /// Whether it is the one instance of an item without settings.
    pub is_default: bool,
    /// The status that the operator says; `None` is "as the code says".
    #[serde(serialize_with = "word_or_null")]
    pub status: Option<Status>,
    /// The priority that the operator says; `None` is "as the code says".
    pub priority: Option<i32>,
    /// How often it was changed.
    pub version: Version,
}

impl InstanceRow {
    /// The status that holds.
    pub fn effective_status(&self) -> Status {
        self.status.unwrap_or(self.item.code_status)
    }

    /// The priority that holds; the lower number comes first.
    pub fn effective_priority(&self) -> i32 {
        self.priority.unwrap_or(self.item.code_priority)
    }

    /// Item and instance as people name them.
    pub fn subject(&self) -> String {
        subject(&self.item.full_name(), &self.name, self.is_default)
    }
}

/// Item and instance as people name them: the default instance is the item.
pub(crate) fn subject(item: &str, name: &str, is_default: bool) -> String {
    if is_default { item.to_owned() } else { format!("{item}: {name}") }
}

/// An instance with its settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct InstanceDetail {
    /// The instance.
    pub row: InstanceRow,
    /// The JSON schema of its settings, as the last sync that refreshed it had it.
    pub schema: Option<Value>,
    /// The settings with an empty text for each secret. Saved again as they are, they
    /// change nothing.
    pub settings: Value,
    /// Where the settings have a secret value, as JSON pointers.
    pub secrets: Vec<String>,
    /// Why the stored settings are no JSON that can be read, where that is so: then
    /// there is nothing to show, and nothing to keep.
    pub unreadable: Option<String>,
}

/// A plugin that is no item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginRow {
    /// The row.
    pub id: PluginId,
    /// The plugin's namespace.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// The package that it is in.
    pub package: String,
    /// The version that was there at the last sync that refreshed it.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// Whether the program that synced last has it.
    pub present: bool,
}

/// What is to be changed about instances.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The status; `None` is "as the code says".
    Status(Option<Status>),
    /// The priority; `None` is "as the code says".
    Priority(Option<i32>),
    /// Both at once.
    StatusAndPriority(Option<Status>, Option<i32>),
    /// So much is added to the priority that holds, as far as numbers go. A
    /// negative number moves it forward.
    Nudge(i32),
    /// The name, of one instance that is no default one.
    Rename(String),
    /// The settings of one instance, which have to fit its item's schema. A secret
    /// that is an empty text, or a field that is not there, stays as it is, and `null`
    /// takes it away where there may be none: see [`plugo_settings::merge`].
    Settings(Value),
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// The row; later ones have higher numbers.
    pub id: i64,
    /// When, by the clock of the machine that wrote it.
    pub at: At,
    /// Who.
    pub actor: String,
    /// By which way.
    pub via: Via,
    /// What was done: `created`, `changed`, `deleted`, `absent`, `present`,
    /// `refreshed`.
    pub action: String,
    /// What it was done to: `type`, `item`, `instance`, `plugin` or `user`.
    pub subject_kind: String,
    /// The row that it was done to.
    pub subject_id: String,
    /// The name that it had.
    pub subject: String,
    /// Which field changed.
    pub field: Option<String>,
    /// What it was; `None` is nothing, or "as the code says".
    pub before: Option<String>,
    /// What it is now; `None` is nothing, or "as the code says".
    pub after: Option<String>,
    /// The revision that shows the change.
    pub revision: i64,
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The row.
    pub id: UserId,
    /// The name that they log in with.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may not log in any more.
    pub disabled: bool,
    /// Since when there is this user.
    pub created: At,
}

/// A value of the audit log in words: none of them means something else for each
/// field.
pub(crate) fn said<'v>(field: &str, value: Option<&'v str>) -> &'v str {
    match value {
        Some(value) => value,
        None if field == "status" || field == "priority" => "as the code says",
        None => "nothing",
    }
}
