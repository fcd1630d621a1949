use std::collections::HashSet;

use crate::model::{InstanceId, ItemId, PluginId, TypeId};
use crate::registry::{RegisteredItem, RegisteredPlugin, Registry};
use crate::store::audit::Line;
use crate::store::sql::Bound;

use super::stored::{Stored, StoredItem, StoredPlugin};
use super::{SyncMode, Synced, line};

/// The columns of a new item.
pub(super) const ITEM: [&str; 11] = [
    "id",
    "type_id",
    "namespace",
    "name",
    "package",
    "version",
    "description",
    "code_status",
    "code_priority",
    "schema",
    "present",
];

/// The columns that the code owns.
pub(super) const REFRESHED_ITEM: [&str; 6] =
    ["package", "version", "description", "code_status", "code_priority", "schema"];

/// The columns of a new plugin.
pub(super) const PLUGIN: [&str; 7] =
    ["id", "namespace", "name", "package", "version", "description", "present"];

/// The columns that the code owns.
pub(super) const REFRESHED_PLUGIN: [&str; 3] = ["package", "version", "description"];

/// What sync is going to do, as rows.
#[derive(Default)]
pub(in crate::store) struct Plan {
    pub(super) synced: Synced,
    pub(super) audit: Vec<Line>,
    pub(super) types: Vec<Vec<Bound>>,
    pub(super) items: Vec<Vec<Bound>>,
    pub(super) instances: Vec<Vec<Bound>>,
    pub(super) plugins: Vec<Vec<Bound>>,
    /// Table, 0 or 1, ids.
    pub(super) presence: Vec<(&'static str, i32, Vec<String>)>,
    pub(super) refreshed_types: Vec<Vec<Bound>>,
    pub(super) refreshed_items: Vec<Vec<Bound>>,
    pub(super) refreshed_plugins: Vec<Vec<Bound>>,
    /// Schemas are the code's alone, whatever the mode: by them secrets are told from
    /// the rest.
    pub(super) refreshed_schemas: Vec<Vec<Bound>>,
    /// Default instances, which nobody touched, of items that have settings now.
    pub(super) needless: Vec<String>,
    /// Default instances of such items that somebody touched: they stay, and are
    /// default no more.
    pub(super) settled: Vec<Vec<Bound>>,
}

impl Plan {
    pub(in crate::store) fn of(registry: &Registry, stored: &Stored, mode: SyncMode) -> Self {
        let mut plan = Plan::default();
        let mut seen: HashSet<&str> = HashSet::new();
        let (mut present, mut absent) = (Presence::default(), Presence::default());
        for of in registry.types() {
            let known = stored.types.get(&(of.name.clone(), of.package.clone()));
            let type_id = match known {
                Some(known) => {
                    seen.insert(&known.id);
                    if !known.present {
                        plan.present("type", &known.id, &of.name);
                        present.types.push(known.id.clone());
                    }
                    if known.description != of.description
                        && plan.refreshes("type", &of.name, mode, &["description"])
                    {
                        plan.audit.push(line("refreshed", "type", &known.id, &of.name));
                        plan.refreshed_types
                            .push(vec![known.id.as_str().into(), of.description.as_str().into()]);
                    }
                    known.id.clone()
                }
                None => {
                    let id = TypeId::new().to_string();
                    plan.synced.types_created += 1;
                    plan.created("type", &id, &of.name);
                    plan.types.push(vec![
                        id.as_str().into(),
                        of.name.as_str().into(),
                        of.package.as_str().into(),
                        of.description.as_str().into(),
                        Bound::Small(1),
                    ]);
                    id
                }
            };
            for item in of.items() {
                let key = (type_id.clone(), item.namespace.clone(), item.name.clone());
                let known = known.and_then(|_| stored.items.get(&key));
                let name = format!("{}: {}", of.name, item.name);
                match known {
                    Some(known) => {
                        seen.insert(&known.id);
                        if !known.present {
                            plan.present("item", &known.id, &name);
                            present.items.push(known.id.clone());
                        }
                        plan.known_item(item, known, &name, stored, mode);
                    }
                    None => plan.new_item(item, &type_id, &name),
                }
            }
        }
        for plugin in registry.plugins() {
            match stored.plugins.get(&(plugin.namespace.clone(), plugin.name.clone())) {
                Some(known) => {
                    seen.insert(&known.id);
                    if !known.present {
                        plan.present("plugin", &known.id, &plugin.name);
                        present.plugins.push(known.id.clone());
                    }
                    plan.known_plugin(plugin, known, mode);
                }
                None => plan.new_plugin(plugin),
            }
        }
        plan.gone(stored, &seen, &mut absent);
        for (presence, number) in [(present, 1), (absent, 0)] {
            plan.presence.push(("plugo_types", number, presence.types));
            plan.presence.push(("plugo_items", number, presence.items));
            plan.presence.push(("plugo_plugins", number, presence.plugins));
        }
        plan
    }

    /// What is in the database and not in this program.
    fn gone(&mut self, stored: &Stored, seen: &HashSet<&str>, absent: &mut Presence) {
        for ((name, _), of) in &stored.types {
            if of.present && !seen.contains(&*of.id) {
                self.absent("type", &of.id, name);
                absent.types.push(of.id.clone());
            }
        }
        for ((_, _, name), item) in &stored.items {
            if item.present && !seen.contains(&*item.id) {
                let of = stored.types.iter().find(|(_, of)| of.id == item.type_id);
                let name = of.map_or_else(|| name.clone(), |((of, _), _)| format!("{of}: {name}"));
                self.absent("item", &item.id, &name);
                absent.items.push(item.id.clone());
            }
        }
        for ((_, name), plugin) in &stored.plugins {
            if plugin.present && !seen.contains(&*plugin.id) {
                self.absent("plugin", &plugin.id, name);
                absent.plugins.push(plugin.id.clone());
            }
        }
        // Maps have no order that anybody could rely on.
        self.synced.lines.sort();
    }

    fn new_item(&mut self, item: &RegisteredItem, type_id: &str, name: &str) {
        let id = ItemId::new().to_string();
        self.synced.items_created += 1;
        self.created("item", &id, name);
        let mut row = vec![
            id.as_str().into(),
            type_id.into(),
            item.namespace.as_str().into(),
            item.name.as_str().into(),
        ];
        row.extend(owned(item));
        row.push(Bound::Small(1));
        self.items.push(row);
        if item.schema.is_none() {
            self.default_instance(&id, &item.name);
        }
    }

    fn default_instance(&mut self, item_id: &str, name: &str) -> String {
        let id = InstanceId::new().to_string();
        self.synced.instances_created += 1;
        self.instances.push(vec![id.as_str().into(), item_id.into(), name.into(), Bound::Small(1)]);
        id
    }

    fn known_item(
        &mut self,
        item: &RegisteredItem,
        known: &StoredItem,
        name: &str,
        stored: &Stored,
        mode: SyncMode,
    ) {
        let differ = [
            known.package != item.package,
            known.version != item.version,
            known.description != item.description,
            known.status != item.status,
            known.priority != item.priority,
            known.schema != item.schema,
        ];
        if mode == SyncMode::Create && known.schema != item.schema {
            self.synced.refreshed += 1;
            self.synced.lines.push(format!("schema of item {name} brought up to date"));
            let line = line("refreshed", "item", &known.id, name);
            self.audit.push(line.field("schema", None, Some("changed".to_owned())));
            let schema = item.schema.as_ref().map(ToString::to_string);
            let row = vec![known.id.as_str().into(), Bound::MaybeText(schema)];
            self.refreshed_schemas.push(row);
        }
        // In the other mode the schema goes with the rest.
        let differ = match mode {
            SyncMode::Create => &differ[..differ.len() - 1],
            SyncMode::Update => &differ[..],
        };
        let words = [
            "package".to_owned(),
            format!("version {}, here {}", known.version, item.version),
            "description".to_owned(),
            format!("status {}, here {}", known.status, item.status),
            format!("priority {}, here {}", known.priority, item.priority),
            "schema".to_owned(),
        ];
        let words = words.iter().zip(differ).filter(|(_, differ)| **differ);
        let words: Vec<&str> = words.map(|(word, _)| word.as_str()).collect();
        if !words.is_empty() && self.refreshes("item", name, mode, &words) {
            let fields = REFRESHED_ITEM.iter().zip(differ).filter(|(_, differ)| **differ);
            for (field, _) in fields {
                let (before, after) = match *field {
                    "package" => (Some(known.package.clone()), Some(item.package.clone())),
                    "version" => (Some(known.version.clone()), Some(item.version.clone())),
                    "description" => {
                        (Some(known.description.clone()), Some(item.description.clone()))
                    }
                    "code_status" => {
                        (Some(known.status.to_string()), Some(item.status.to_string()))
                    }
                    "code_priority" => {
                        (Some(known.priority.to_string()), Some(item.priority.to_string()))
                    }
                    _ => (None, Some("changed".to_owned())),
                };
                let line = line("refreshed", "item", &known.id, name);
                self.audit.push(line.field(*field, before, after));
            }
            let mut row = vec![known.id.as_str().into()];
            row.extend(owned(item));
            self.refreshed_items.push(row);
        }
        let instances = stored.instances.get(&known.id).map_or(&[][..], Vec::as_slice);
        let default = instances.iter().find(|instance| instance.is_default);
        match (default, &item.schema) {
            (None, None) => {
                // A name that an operator gave away is not taken from them.
                let taken = |name: &str| instances.iter().any(|instance| instance.name == name);
                let names = (1..).map(|number| match number {
                    1 => item.name.clone(),
                    number => format!("{} {number}", item.name),
                });
                let free = names.into_iter().find(|name| !taken(name));
                self.synced.lines.push(format!("default instance {name} created"));
                let id = self.default_instance(&known.id, &free.unwrap_or_default());
                self.audit.push(line("created", "instance", &id, name));
            }
            (Some(default), Some(_)) if mode == SyncMode::Update => {
                let line = line("changed", "instance", &default.id, name);
                if default.untouched {
                    self.synced.lines.push(format!(
                        "default instance of {name} deleted: the item has settings now"
                    ));
                    self.audit.push(Line { action: "deleted", ..line });
                    self.needless.push(default.id.clone());
                } else {
                    self.synced
                        .lines
                        .push(format!("default instance of {name} needs settings now"));
                    self.audit.push(line.field("is_default", Some("1".into()), Some("0".into())));
                    self.settled.push(vec![default.id.as_str().into(), Bound::Small(0)]);
                }
            }
            _ => {}
        }
    }

    fn new_plugin(&mut self, plugin: &RegisteredPlugin) {
        let id = PluginId::new().to_string();
        self.synced.plugins_created += 1;
        self.created("plugin", &id, &plugin.name);
        self.plugins.push(vec![
            id.into(),
            plugin.namespace.as_str().into(),
            plugin.name.as_str().into(),
            plugin.package.as_str().into(),
            plugin.version.as_str().into(),
            plugin.description.as_str().into(),
            Bound::Small(1),
        ]);
    }

    fn known_plugin(&mut self, plugin: &RegisteredPlugin, known: &StoredPlugin, mode: SyncMode) {
        let version = format!("version {}, here {}", known.version, plugin.version);
        let words = [
            (known.package != plugin.package, "package"),
            (known.version != plugin.version, version.as_str()),
            (known.description != plugin.description, "description"),
        ];
        let words = words.iter().filter(|(differs, _)| *differs).map(|(_, word)| *word);
        let words: Vec<&str> = words.collect();
        if !words.is_empty() && self.refreshes("plugin", &plugin.name, mode, &words) {
            self.audit.push(line("refreshed", "plugin", &known.id, &plugin.name));
            self.refreshed_plugins.push(vec![
                known.id.as_str().into(),
                plugin.package.as_str().into(),
                plugin.version.as_str().into(),
                plugin.description.as_str().into(),
            ]);
        }
    }

    fn created(&mut self, kind: &'static str, id: &str, name: &str) {
        self.synced.lines.push(format!("{kind} {name} created"));
        self.audit.push(line("created", kind, id, name));
    }

    fn present(&mut self, kind: &'static str, id: &str, name: &str) {
        self.synced.present += 1;
        self.synced.lines.push(format!("{kind} {name} is present again"));
        self.audit.push(line("present", kind, id, name));
    }

    fn absent(&mut self, kind: &'static str, id: &str, name: &str) {
        self.synced.absent += 1;
        self.synced.lines.push(format!("{kind} {name} is absent"));
        self.audit.push(line("absent", kind, id, name));
    }

    /// Whether a row that differs from the code is brought up to date, with what differs.
    fn refreshes(
        &mut self,
        kind: &'static str,
        name: &str,
        mode: SyncMode,
        fields: &[&str],
    ) -> bool {
        match mode {
            SyncMode::Create => {
                self.synced.outdated += 1;
                self.synced.differing.push(format!("{kind} {name}: {}", fields.join("; ")));
            }
            SyncMode::Update => {
                self.synced.refreshed += 1;
                self.synced.lines.push(format!("{kind} {name} brought up to date"));
            }
        }
        mode == SyncMode::Update
    }
}

/// Ids of rows whose presence changes.
#[derive(Default)]
struct Presence {
    types: Vec<String>,
    items: Vec<String>,
    plugins: Vec<String>,
}

/// What the code owns of an item.
fn owned(item: &RegisteredItem) -> [Bound; 6] {
    [
        item.package.as_str().into(),
        item.version.as_str().into(),
        item.description.as_str().into(),
        item.status.as_str().into(),
        Bound::Small(item.priority),
        Bound::MaybeText(item.schema.as_ref().map(ToString::to_string)),
    ]
}
