use plugo_core::Status;
use serde_json::{Value, json};

use super::Store;
use super::attempt::{Attempt, not_committed, retried};
use super::audit::{self, Line};
use super::conflict::conflict;
use super::edit::{checked_name, settings_changes};
use super::read::json;
use super::sql::{Bound, INSTANCE, INSTANCES, ITEM, ITEMS, instance, item, revision, statement};
use crate::error::EditError;
use crate::model::{Actor, InstanceId, ItemId, Version, subject};
use crate::snapshot::Step;

impl Store {
    /// Makes an instance of an item with settings. Its status and priority are as the
    /// code says, so that it may be selected at once:
    /// [`create_instance_as`](Self::create_instance_as) gives it another status.
    ///
    /// # Errors
    ///
    /// [`EditError::Invalid`] where there is no such item, or it has no settings, or
    /// the name does not do; [`EditError::Settings`] where the settings do not fit
    /// the schema; [`EditError::NameTaken`]; those of the database.
    pub async fn create_instance(
        &self,
        actor: &Actor,
        of: ItemId,
        name: &str,
        settings: &Value,
    ) -> Result<InstanceId, EditError> {
        self.create_instance_as(actor, of, name, None, settings).await
    }

    /// Makes an instance with a status; `None` is "as the code says". One that is
    /// disabled takes part in nothing until an operator says so.
    ///
    /// # Errors
    ///
    /// Those of [`create_instance`](Self::create_instance).
    pub async fn create_instance_as(
        &self,
        actor: &Actor,
        of: ItemId,
        name: &str,
        status: Option<Status>,
        settings: &Value,
    ) -> Result<InstanceId, EditError> {
        let name = checked_name(name)?;
        let id = InstanceId::new();
        retried(|| self.create_once(actor, of, (id, &name, status), settings)).await
    }

    async fn create_once(
        &self,
        actor: &Actor,
        of: ItemId,
        (id, name, status): (InstanceId, &str, Option<Status>),
        settings: &Value,
    ) -> Result<InstanceId, Attempt<EditError>> {
        let doing = "save the instance";
        let mut tx = self.begin_write(doing).await?;
        let before = self.moment(&mut tx).await.map_err(|e| self.attempt(doing, e))?;
        let sql = format!("SELECT {ITEM}, i.schema FROM {ITEMS} WHERE i.id = $1");
        let found = statement(&sql, [Bound::Text(of.to_string())])
            .fetch_optional(&mut *tx)
            .await
            .and_then(|row| row.map(|row| Ok((item(&row)?, json(&row, "schema")?))).transpose())
            .map_err(|e| self.attempt(doing, e))?;
        let Some((item, schema)) = found else {
            return Err(EditError::Invalid(format!("there is no item {of} (any more)")).into());
        };
        let Some(schema) = schema else {
            let why = format!(
                "`{}` has no settings, so its default instance is the only one",
                item.full_name()
            );
            return Err(EditError::Invalid(why).into());
        };
        let stored = self.sealed(&item, &schema, settings, &json!({}), id)?;
        let subject = subject(&item.full_name(), name, false);
        let mut lines = vec![Line::new("created", "instance", id, &*subject)];
        let word = status.map(|status| status.as_str().to_owned());
        if word.is_some() {
            let line = Line::new("created", "instance", id, &*subject);
            lines.push(line.field("status", None, word.clone()));
        }
        for (field, before, after) in settings_changes(Some(&schema), &json!({}), &stored) {
            let line = Line::new("created", "instance", id, &*subject);
            lines.push(line.field(format!("settings.{field}"), before, after));
        }
        let work = async {
            let sql = "INSERT INTO plugo_instances (id, item_id, name, is_default, status, \
                settings) VALUES ($1, $2, $3, 0, $4, $5)";
            let text = Bound::Text;
            let values = [
                text(id.to_string()),
                text(of.to_string()),
                text(name.to_owned()),
                Bound::MaybeText(word),
                text(stored.to_string()),
            ];
            statement(sql, values).execute(&mut *tx).await?;
            let after = revision(&mut tx).await?;
            audit::write(&mut tx, actor, lines, after).await?;
            let created = self.snapshot_instances(&mut tx, &[id]).await?;
            let created = created.into_iter().map(|instance| (item.clone(), instance));
            Ok(Step { created: created.collect(), ..Step::between(before, after) })
        };
        let step = work.await.map_err(|error| match &error {
            sqlx::Error::Database(said) if said.is_unique_violation() => {
                Attempt::Refused(EditError::NameTaken(name.to_owned()))
            }
            _ => self.attempt(doing, error),
        })?;
        self.commit_step(tx, doing, Some(step)).await.map_err(not_committed)?;
        Ok(id)
    }

    /// Deletes an instance that an operator made, for good. A default instance is
    /// disabled instead, since sync would make it again.
    ///
    /// # Errors
    ///
    /// [`EditError::NotFound`], [`EditError::Conflict`], [`EditError::Invalid`] for a
    /// default instance; those of the database.
    pub async fn delete_instance(
        &self,
        actor: &Actor,
        id: InstanceId,
        version: Option<Version>,
    ) -> Result<(), EditError> {
        retried(|| self.delete_once(actor, id, version)).await
    }

    async fn delete_once(
        &self,
        actor: &Actor,
        id: InstanceId,
        version: Option<Version>,
    ) -> Result<(), Attempt<EditError>> {
        let doing = "delete the instance";
        let mut tx = self.begin_write(doing).await?;
        let before = self.moment(&mut tx).await.map_err(|e| self.attempt(doing, e))?;
        let sql = format!("SELECT {INSTANCE}, {ITEM} FROM {INSTANCES} WHERE n.id = $1");
        let found = statement(&sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *tx)
            .await
            .and_then(|row| row.map(|row| instance(&row)).transpose())
            .map_err(|e| self.attempt(doing, e))?;
        let row = found.ok_or(EditError::NotFound(id))?;
        if let Some(seen) = version.filter(|seen| *seen != row.version) {
            let conflict = conflict(&mut tx, &row, seen).await;
            let conflict = conflict.map_err(|e| self.attempt(doing, e))?;
            return Err(EditError::Conflict(Box::new(conflict)).into());
        }
        if row.is_default {
            let why = "a default instance stays; disable it instead".to_owned();
            return Err(EditError::Invalid(why).into());
        }
        let work = async {
            let sql = "DELETE FROM plugo_instances WHERE id = $1";
            statement(sql, [Bound::Text(id.to_string())]).execute(&mut *tx).await?;
            let after = revision(&mut tx).await?;
            let line = Line::new("deleted", "instance", id, row.subject());
            audit::write(&mut tx, actor, vec![line], after).await?;
            Ok(Step { deleted: vec![id], ..Step::between(before, after) })
        };
        let step = work.await.map_err(|e| self.attempt(doing, e))?;
        self.commit_step(tx, doing, Some(step)).await.map_err(not_committed)?;
        Ok(())
    }
}
