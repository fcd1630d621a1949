use std::fmt;

use super::audit::{self, Line};
use super::sql::{Bound, ROWS, insert, revision, statement, tuples, update};
use super::{Store, Tx};
use crate::error::Error;
use crate::model::Actor;
use crate::registry::Registry;

/// What is in the database.
pub(super) mod stored;
/// What is to be done.
pub(super) mod plan;

use self::plan::Plan;
use self::stored::Stored;

/// So many rows that differ are named.
const DIFFERING: usize = 20;

/// What sync does to rows that are there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SyncMode {
    /// Marks them present or absent, keeps the JSON schema of settings as the code
    /// has it, and leaves them alone otherwise.
    #[default]
    Create,
    /// Brings what the code owns up to date, too: description, version, package,
    /// the code's status and priority.
    Update,
}

/// What sync did. `Display` is for an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// How many plugin types are new in the database.
    pub types_created: usize,
    /// How many items are new.
    pub items_created: usize,
    /// How many default instances are new.
    pub instances_created: usize,
    /// How many plain plugins are new.
    pub plugins_created: usize,
    /// How many rows are marked absent from now on.
    pub absent: usize,
    /// How many rows are marked present from now on.
    pub present: usize,
    /// How many rows were brought up to date.
    pub refreshed: usize,
    /// How many rows differ from the code, which [`SyncMode::Update`] brings up to
    /// date.
    pub outdated: usize,
    /// One line for each of those, with what differs.
    pub differing: Vec<String>,
    /// One line for each change.
    pub lines: Vec<String>,
}

impl Synced {
    /// Whether the database was as it should be.
    pub fn is_unchanged(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for Synced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchanged() && self.outdated == 0 {
            return f.write_str("the database is up to date; nothing to do");
        }
        let counts = [
            (self.types_created, "type created", "types created"),
            (self.items_created, "item created", "items created"),
            (self.instances_created, "default instance created", "default instances created"),
            (self.plugins_created, "plugin created", "plugins created"),
            (self.absent, "marked absent", "marked absent"),
            (self.present, "marked present", "marked present"),
            (self.refreshed, "brought up to date", "brought up to date"),
            (
                self.outdated,
                "left, which differs from the code",
                "left, which differ from the code",
            ),
        ];
        let said = counts
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
        f.write_str(&said.collect::<Vec<_>>().join(", "))?;
        if self.outdated > 0 {
            let them = if self.outdated == 1 { "it" } else { "them" };
            write!(f, "; mode update brings {them} up to date:")?;
            let shown = self.differing.len().min(DIFFERING);
            self.differing[..shown].iter().try_for_each(|line| write!(f, "\n  {line}"))?;
            if self.differing.len() > shown {
                write!(f, "\n  and {} more", self.differing.len() - shown)?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Brings what a program has into the database: creates what is new, marks rows
    /// present or absent, and with [`SyncMode::Update`] refreshes what the code owns.
    /// What an operator owns (status, priority, name, settings) is never touched.
    ///
    /// All of it is one transaction. Where there is nothing to do nothing is
    /// written, so processes that start at once do not wait for each other. The audit
    /// log has the actor with each change: an app that syncs as it starts is
    /// [`Actor::of_program`].
    ///
    /// # Errors
    ///
    /// Those of the database; nothing is done then.
    pub async fn sync(
        &self,
        actor: &Actor,
        registry: &Registry,
        mode: SyncMode,
    ) -> Result<Synced, Error> {
        let planned = self.would_sync(registry, mode).await?;
        if planned.is_unchanged() {
            return Ok(planned);
        }
        let doing = "sync the plugins";
        let mut tx = self.begin_long_write(doing).await?;
        let work = async {
            // Another process may have been faster.
            let stored = Stored::read(&mut tx).await?;
            let plan = Plan::of(registry, &stored, mode);
            apply(&mut tx, actor, plan).await
        };
        let synced = work.await.map_err(|e| self.error(doing, e))?;
        self.commit(tx, doing).await?;
        for line in &synced.lines {
            tracing::debug!(database = self.shown(), "{line}");
        }
        Ok(synced)
    }

    /// What [`sync`](Store::sync) would do now. Nothing is done.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn would_sync(&self, registry: &Registry, mode: SyncMode) -> Result<Synced, Error> {
        let doing = "sync the plugins";
        let mut tx = self.begin_read(doing).await?;
        let stored = Stored::read(&mut tx).await.map_err(|e| self.error(doing, e))?;
        tx.commit().await.map_err(|e| self.error(doing, e))?;
        Ok(Plan::of(registry, &stored, mode).synced)
    }
}

/// Does what a plan says.
pub(super) async fn apply(tx: &mut Tx, actor: &Actor, plan: Plan) -> sqlx::Result<Synced> {
    let types = ["id", "name", "package", "description", "present"];
    insert(tx, "plugo_types", &types, plan.types).await?;
    insert(tx, "plugo_items", &plan::ITEM, plan.items).await?;
    let instances = ["id", "item_id", "name", "is_default"];
    insert(tx, "plugo_instances", &instances, plan.instances).await?;
    insert(tx, "plugo_plugins", &plan::PLUGIN, plan.plugins).await?;
    for (table, present, ids) in plan.presence {
        for ids in ids.chunks(ROWS) {
            let list = tuples(1, ids.len());
            let sql = format!("UPDATE {table} SET present = {present} WHERE id IN {list}");
            let values = ids.iter().map(|id| Bound::Text(id.clone()));
            statement(&sql, values).execute(&mut **tx).await?;
        }
    }
    update(tx, "plugo_types", &["description"], plan.refreshed_types).await?;
    update(tx, "plugo_items", &plan::REFRESHED_ITEM, plan.refreshed_items).await?;
    update(tx, "plugo_items", &["schema"], plan.refreshed_schemas).await?;
    update(tx, "plugo_plugins", &plan::REFRESHED_PLUGIN, plan.refreshed_plugins).await?;
    super::sql::delete(tx, "plugo_instances", "id", &plan.needless).await?;
    update(tx, "plugo_instances", &["is_default"], plan.settled).await?;
    let revision = revision(tx).await?;
    audit::write(tx, actor, plan.audit, revision).await?;
    Ok(plan.synced)
}

/// What has happened to a row of a table, for the audit log.
pub(super) fn line(action: &'static str, kind: &'static str, id: &str, name: &str) -> Line {
    Line::new(action, kind, id, name)
}
