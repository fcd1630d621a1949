use std::collections::{HashMap, HashSet};
use std::fmt;

use super::audit;
use super::sql::{delete, revision};
use super::sync::plan::Plan;
use super::sync::stored::Stored;
use super::sync::{SyncMode, Synced, apply, line};
use super::{Store, Tx};
use crate::error::Error;
use crate::model::Actor;
use crate::registry::{RegisteredPlugin, Registry};

const DOING: &str = "prune the plugins";

/// What prune deleted, or would delete. `Display` is for an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// How many plugin types.
    pub types: usize,
    /// How many items.
    pub items: usize,
    /// How many instances, with what operators said about them.
    pub instances: usize,
    /// How many plain plugins.
    pub plugins: usize,
    /// One line for each type, item and plugin.
    pub lines: Vec<String>,
    /// Whether nothing was done yet.
    pub dry_run: bool,
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return f.write_str("everything in the database is in this program; nothing to prune");
        }
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        let done = if self.dry_run { "would be deleted" } else { "deleted" };
        write!(
            f,
            "{} types, {} items with {} instances, and {} plugins {done}",
            self.types, self.items, self.instances, self.plugins
        )
    }
}

/// Ids of rows that go.
#[derive(Default)]
struct Going {
    types: Vec<String>,
    items: Vec<String>,
    plugins: Vec<String>,
}

/// Whether prune may take everything away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PruneMode {
    /// Refuses where this program has nothing, or every item would go.
    #[default]
    Guarded,
    /// Deletes then, too.
    Force,
}

impl Store {
    /// Deletes what is in the database and not in this program: for good, with its
    /// settings and with what operators said. The audit log has the actor with each
    /// row that went.
    ///
    /// # Errors
    ///
    /// [`Error::NothingRegistered`] where the program has nothing, and
    /// [`Error::NothingLeft`] where every item would go, unless the mode is
    /// [`PruneMode::Force`]. Those of the database; nothing is done then.
    pub async fn prune(
        &self,
        actor: &Actor,
        registry: &Registry,
        mode: PruneMode,
    ) -> Result<Pruned, Error> {
        let mut tx = self.begin_long_write(DOING).await?;
        let stored = Stored::read(&mut tx).await.map_err(|e| self.error(DOING, e))?;
        let (pruned, going) = going(registry, &stored, mode)?;
        if pruned.lines.is_empty() {
            tx.commit().await.map_err(|e| self.error(DOING, e))?;
            return Ok(pruned);
        }
        let work = delete_rows(&mut tx, actor, going, &stored);
        work.await.map_err(|e| self.error(DOING, e))?;
        self.commit(tx, DOING).await?;
        Ok(pruned)
    }

    /// Syncs and prunes in one transaction: both or, where one of them does not go,
    /// neither.
    ///
    /// # Errors
    ///
    /// Those of [`sync`](Store::sync) and [`prune`](Store::prune), which goes by what
    /// was there before the sync: a program that has none of it is refused.
    pub async fn sync_and_prune(
        &self,
        actor: &Actor,
        registry: &Registry,
        sync: SyncMode,
        prune: PruneMode,
    ) -> Result<(Synced, Pruned), Error> {
        let doing = "sync and prune the plugins";
        let mut tx = self.begin_long_write(doing).await?;
        let before = Stored::read(&mut tx).await.map_err(|e| self.error(doing, e))?;
        going(registry, &before, prune)?;
        let work = async {
            let synced = apply(&mut tx, actor, Plan::of(registry, &before, sync)).await?;
            Ok((synced, Stored::read(&mut tx).await?))
        };
        let (synced, stored) = work.await.map_err(|e| self.error(doing, e))?;
        let (pruned, going) = going(registry, &stored, PruneMode::Force)?;
        if !pruned.lines.is_empty() {
            let work = delete_rows(&mut tx, actor, going, &stored);
            work.await.map_err(|e| self.error(doing, e))?;
        }
        self.commit(tx, doing).await?;
        Ok((synced, pruned))
    }

    /// What [`prune`](Store::prune) would delete now. Nothing is done.
    ///
    /// # Errors
    ///
    /// Those of [`prune`](Store::prune).
    pub async fn would_prune(&self, registry: &Registry, mode: PruneMode) -> Result<Pruned, Error> {
        let mut tx = self.begin_read(DOING).await?;
        let stored = Stored::read(&mut tx).await.map_err(|e| self.error(DOING, e))?;
        tx.commit().await.map_err(|e| self.error(DOING, e))?;
        let (pruned, _) = going(registry, &stored, mode)?;
        Ok(Pruned { dry_run: true, ..pruned })
    }
}

/// What goes, if it may.
fn going(registry: &Registry, stored: &Stored, mode: PruneMode) -> Result<(Pruned, Going), Error> {
    let (mut pruned, mut going) = (Pruned::default(), Going::default());
    let mut kept: HashSet<&str> = HashSet::new();
    for ((name, package), of) in &stored.types {
        match registry.find_type(name, package) {
            Some(_) => drop(kept.insert(&of.id)),
            None => {
                pruned.types += 1;
                pruned.lines.push(format!("type {name} of {package}"));
                going.types.push(of.id.clone());
            }
        }
    }
    let names: HashMap<&str, _> =
        stored.types.iter().map(|(key, of)| (of.id.as_str(), key)).collect();
    for ((type_id, namespace, name), item) in &stored.items {
        let of = names.get(type_id.as_str());
        let known = of.and_then(|(of, package)| registry.find_type(of, package));
        if known.is_some_and(|known| known.item(namespace, name).is_some()) {
            continue;
        }
        let instances = stored.instances.get(&item.id).map_or(&[][..], Vec::as_slice);
        let of = of.map_or("", |(of, _)| of.as_str());
        let said = instances.iter().filter(|instance| !instance.untouched).count();
        let said = match said {
            0 => String::new(),
            said => format!(", {said} of them with what an operator said"),
        };
        pruned.items += 1;
        pruned.instances += instances.len();
        pruned.lines.push(format!("item {of}: {name}, {} instances{said}", instances.len()));
        going.items.push(item.id.clone());
    }
    for ((namespace, name), plugin) in &stored.plugins {
        let same = |known: &RegisteredPlugin| &known.namespace == namespace && &known.name == name;
        if !registry.plugins().iter().any(same) {
            pruned.plugins += 1;
            pruned.lines.push(format!("plugin {name}"));
            going.plugins.push(plugin.id.clone());
        }
    }
    pruned.lines.sort();
    let items = stored.items.len();
    match mode {
        PruneMode::Guarded if registry.is_empty() => Err(Error::NothingRegistered),
        PruneMode::Guarded if items > 0 && pruned.items == items => {
            Err(Error::NothingLeft { items })
        }
        _ => Ok((pruned, going)),
    }
}

async fn delete_rows(
    tx: &mut Tx,
    actor: &Actor,
    going: Going,
    stored: &Stored,
) -> sqlx::Result<()> {
    let mut lines = Vec::new();
    let items: HashSet<&String> = going.items.iter().collect();
    for ((_, _, name), item) in &stored.items {
        if !items.contains(&item.id) {
            continue;
        }
        for instance in stored.instances.get(&item.id).into_iter().flatten() {
            let subject = crate::model::subject(name, &instance.name, instance.is_default);
            lines.push(line("deleted", "instance", &instance.id, &subject));
        }
        lines.push(line("deleted", "item", &item.id, name));
    }
    for ((name, _), of) in stored.types.iter().filter(|(_, of)| going.types.contains(&of.id)) {
        lines.push(line("deleted", "type", &of.id, name));
    }
    for ((_, name), plugin) in &stored.plugins {
        if going.plugins.contains(&plugin.id) {
            lines.push(line("deleted", "plugin", &plugin.id, name));
        }
    }
    delete(tx, "plugo_instances", "item_id", &going.items).await?;
    delete(tx, "plugo_items", "id", &going.items).await?;
    delete(tx, "plugo_types", "id", &going.types).await?;
    delete(tx, "plugo_plugins", "id", &going.plugins).await?;
    let revision = revision(tx).await?;
    audit::write(tx, actor, lines, revision).await
}
