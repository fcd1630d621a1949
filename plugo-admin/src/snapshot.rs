use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use plugo_core::Status;

use crate::model::{InstanceId, ItemId, ItemRow, TypeId, Version, full_name, subject};
use crate::registry::Registry;
use crate::secrets::SealedSettings;

/// What the database says at one revision: every instance, with what an operator
/// says about it. It never changes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The revision. A higher one is later.
    pub revision: i64,
    /// Of what it is a revision.
    origin: Origin,
    /// The types, by name and package.
    pub types: Vec<SnapshotType>,
    /// What is wrong with settings, once somebody has asked.
    unusable: OnceLock<Vec<String>>,
}

/// A plugin type in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SnapshotType {
    /// The row.
    pub id: TypeId,
    /// The type's name.
    pub name: String,
    /// The package that its trait is in.
    pub package: String,
    /// Its items, by name and namespace.
    pub items: Vec<SnapshotItem>,
}

/// An item in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SnapshotItem {
    /// The row.
    pub id: ItemId,
    /// The plugin's namespace.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// Its instances, by name; there may be none.
    pub instances: Vec<Arc<SnapshotInstance>>,
}

/// An instance in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SnapshotInstance {
    /// The row.
    pub id: InstanceId,
    /// Its name.
    pub name: String,
    /// Whether it is the one instance of an item without settings.
    pub is_default: bool,
    /// The status that the operator says; `None` is "as the code says".
    pub status: Option<Status>,
    /// The priority that the operator says; `None` is "as the code says".
    pub priority: Option<i32>,
    /// Which version of the row it is.
    pub version: Version,
    /// The settings as they are stored: secrets are decrypted when the instance is
    /// made.
    pub settings: SealedSettings,
}

/// An instance of an item that is in this program, with what holds for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ranked {
    /// The namespace of the item.
    pub namespace: Arc<str>,
    /// The name of the item.
    pub item: Arc<str>,
    /// The instance.
    pub instance: Arc<SnapshotInstance>,
    /// The status that holds: what the operator says, or else what the code of
    /// this program says.
    pub status: Status,
    /// The priority that holds, likewise.
    pub priority: i32,
}

impl Ranked {
    /// The item's name as people write it.
    pub(crate) fn item_name(&self) -> String {
        full_name(&self.namespace, &self.item)
    }

    /// Item and instance as people name them.
    pub(crate) fn subject(&self) -> String {
        subject(&self.item_name(), &self.instance.name, self.instance.is_default)
    }
}

/// Which database it is, and since which restore: only revisions of one origin can
/// be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// What names the database, drawn when it was made.
    pub(crate) database: String,
    /// What is another number once a backup was restored into the open database.
    pub(crate) mark: i64,
}

/// A revision, and of what it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) origin: Origin,
    pub(crate) revision: i64,
}

/// What one transaction changed: instances, and nothing else.
pub(crate) struct Step {
    pub(crate) before: Moment,
    pub(crate) after: i64,
    pub(crate) changed: Vec<SnapshotInstance>,
    /// New ones, each with its item.
    pub(crate) created: Vec<(ItemRow, SnapshotInstance)>,
    pub(crate) deleted: Vec<InstanceId>,
}

impl Step {
    /// From one revision to another, with nothing that is different.
    pub(crate) fn between(before: Moment, after: i64) -> Self {
        let (changed, created, deleted) = (Vec::new(), Vec::new(), Vec::new());
        Step { before, after, changed, created, deleted }
    }
}

impl Snapshot {
    pub(crate) fn new(at: Moment, types: Vec<SnapshotType>) -> Self {
        let Moment { origin, revision } = at;
        Snapshot { revision, origin, types, unusable: OnceLock::new() }
    }

    /// Which revision of what it is.
    pub(crate) fn moment(&self) -> Moment {
        Moment { origin: self.origin.clone(), revision: self.revision }
    }

    /// Instances whose settings cannot be used, with the reason. All settings are
    /// looked at for that, so it is done once.
    pub(crate) fn unusable(&self) -> &[String] {
        self.unusable.get_or_init(|| {
            let mut unusable = Vec::new();
            for item in self.types.iter().flat_map(|of| &of.items) {
                for instance in &item.instances {
                    if let Some(why) = instance.settings.trouble() {
                        unusable.push(format!("{}: {}: {why}", item.name, instance.name));
                    }
                }
            }
            unusable
        })
    }

    /// What the database says after a step from this revision; `None` where the step
    /// is from another one, or of an instance that is not in here.
    pub(crate) fn after(&self, step: &Step) -> Option<Self> {
        if self.moment() != step.before {
            return None;
        }
        let mut changed: HashMap<InstanceId, &SnapshotInstance> =
            step.changed.iter().map(|instance| (instance.id, instance)).collect();
        let mut types = self.types.clone();
        for item in types.iter_mut().flat_map(|of| &mut of.items) {
            let mut is_renamed = false;
            for instance in &mut item.instances {
                if let Some(new) = changed.remove(&instance.id) {
                    is_renamed |= instance.name != new.name;
                    *instance = Arc::new(new.clone());
                }
            }
            if is_renamed {
                item.instances.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            }
        }
        if !changed.is_empty() {
            return None;
        }
        for id in &step.deleted {
            delete(&mut types, *id)?;
        }
        for (item, instance) in &step.created {
            create(&mut types, item, instance);
        }
        let after = Moment { origin: self.origin.clone(), revision: step.after };
        Some(Snapshot::new(after, types))
    }

    /// The instances of a type whose items are in this registry, in the order of
    /// selection: active ones, those in reserve, and then the disabled ones; each
    /// by priority, item name, instance name and id.
    ///
    /// An item with settings has no default instance here, and an item without has
    /// no other, whatever the rows say from when that was different.
    pub fn ranked(&self, registry: &Registry, name: &str, package: &str) -> Vec<Ranked> {
        let stored = self.types.iter().find(|of| of.name == name && of.package == package);
        let (Some(stored), Some(known)) = (stored, registry.find_type(name, package)) else {
            return Vec::new();
        };
        let mut ranked = Vec::new();
        for item in &stored.items {
            let Some(code) = known.item(&item.namespace, &item.name) else { continue };
            let (namespace, name) = (Arc::from(&*item.namespace), Arc::from(&*item.name));
            for instance in &item.instances {
                if instance.is_default != code.schema.is_none() {
                    continue;
                }
                ranked.push(Ranked {
                    namespace: Arc::clone(&namespace),
                    item: Arc::clone(&name),
                    instance: Arc::clone(instance),
                    status: instance.status.unwrap_or(code.status),
                    priority: instance.priority.unwrap_or(code.priority),
                });
            }
        }
        ranked.sort_by(|a, b| {
            let key = |ranked: &Ranked| (ranked.status, ranked.priority);
            let names = |ranked: &Ranked| (Arc::clone(&ranked.item), Arc::clone(&ranked.namespace));
            key(a)
                .cmp(&key(b))
                .then_with(|| names(a).cmp(&names(b)))
                .then_with(|| a.instance.name.cmp(&b.instance.name))
                .then_with(|| a.instance.id.cmp(&b.instance.id))
        });
        ranked
    }

    /// What the operator says about default instances, for the lookups of the core.
    pub(crate) fn overrides(&self, registry: &Registry) -> plugo_core::Overrides {
        let mut overrides = plugo_core::Overrides::new();
        let known: HashMap<_, _> = registry
            .types()
            .iter()
            .map(|known| ((known.name.as_str(), known.package.as_str()), known))
            .collect();
        for stored in &self.types {
            let Some(known) = known.get(&(&*stored.name, &*stored.package)) else { continue };
            for item in &stored.items {
                let without_settings = known
                    .item(&item.namespace, &item.name)
                    .is_some_and(|code| code.schema.is_none());
                let default = item.instances.iter().find(|instance| instance.is_default);
                let (true, Some(default)) = (without_settings, default) else { continue };
                let name = || format!("{}/{}", item.namespace, item.name);
                if let Some(status) = default.status {
                    overrides = overrides.status(name(), status);
                }
                if let Some(priority) = default.priority {
                    overrides = overrides.priority(name(), priority);
                }
            }
        }
        overrides
    }
}

/// Takes an instance away. Its item and its type stay.
fn delete(types: &mut [SnapshotType], id: InstanceId) -> Option<()> {
    let mut items = types.iter_mut().flat_map(|of| &mut of.items);
    let (item, at) = items.find_map(|item| {
        let at = item.instances.iter().position(|instance| instance.id == id)?;
        Some((item, at))
    })?;
    item.instances.remove(at);
    Some(())
}

/// Puts an instance where it belongs.
fn create(types: &mut Vec<SnapshotType>, row: &ItemRow, instance: &SnapshotInstance) {
    let (name, package) = (row.of.name.clone(), row.of.package.clone());
    if !types.iter().any(|of| of.id == row.of.id) {
        types.push(SnapshotType { id: row.of.id, name, package, items: Vec::new() });
        types.sort_by(|a, b| (&a.name, &a.package).cmp(&(&b.name, &b.package)));
    }
    for of in types.iter_mut().filter(|of| of.id == row.of.id) {
        let (namespace, name) = (row.namespace.clone(), row.name.clone());
        if !of.items.iter().any(|item| item.id == row.id) {
            of.items.push(SnapshotItem { id: row.id, namespace, name, instances: Vec::new() });
            of.items.sort_by(|a, b| (&a.name, &a.namespace).cmp(&(&b.name, &b.namespace)));
        }
        for item in of.items.iter_mut().filter(|item| item.id == row.id) {
            item.instances.push(Arc::new(instance.clone()));
            item.instances.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
    }
}
