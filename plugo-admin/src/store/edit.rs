use std::collections::{BTreeMap, HashMap, HashSet};

use plugo_core::Status;
use serde_json::Value;

use super::attempt::{Attempt, not_committed, retried};
use super::audit::{self, Line};
use super::conflict::conflict;
use super::read::json;
use super::sql::{Bound, INSTANCE, INSTANCES, ITEM, ROWS, instance, revision, statement, tuples};
use super::{Store, Tx};
use crate::error::EditError;
use crate::model::{Actor, Change, InstanceId, InstanceRow, ItemRow, Version, unseen, unseen_text};
use crate::registry::{declared, form};
use crate::secrets::{NotStored, owner, shown};
use crate::snapshot::Step;

/// The longest name of an instance, in characters.
const LONGEST_NAME: usize = 100;

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edited {
    /// What was changed.
    pub changed: Vec<InstanceId>,
    /// What was as it should be already.
    pub unchanged: Vec<InstanceId>,
    /// The revision that shows the change.
    pub revision: i64,
}

/// An instance as an edit finds it.
struct Found {
    row: InstanceRow,
    schema: Option<Value>,
    /// Nothing where they cannot be read: then there is nothing to keep.
    settings: Value,
}

/// What an instance becomes.
struct Target {
    status: Option<Status>,
    priority: Option<i32>,
    /// Name and settings, which only one instance at a time gets.
    name: String,
    settings: Option<Value>,
    lines: Vec<Line>,
}

impl Store {
    /// Changes instances, all or none of them, with a line of the audit log for each
    /// field that changes. That the actor may is for the caller to check.
    ///
    /// A target with the version that its editor saw is refused when somebody else
    /// changed it since. When this returns, the lookups of this process go by it.
    ///
    /// # Errors
    ///
    /// Nothing is done then. [`EditError::NotFound`], [`EditError::Conflict`],
    /// [`EditError::Invalid`], [`EditError::Settings`], [`EditError::NameTaken`]; those
    /// of the database.
    pub async fn edit(
        &self,
        actor: &Actor,
        targets: &[(InstanceId, Option<Version>)],
        change: &Change,
    ) -> Result<Edited, EditError> {
        retried(|| self.edit_once(actor, targets, change)).await
    }

    async fn edit_once(
        &self,
        actor: &Actor,
        targets: &[(InstanceId, Option<Version>)],
        change: &Change,
    ) -> Result<Edited, Attempt<EditError>> {
        let doing = "save the change";
        let mut tx = self.begin_write(doing).await?;
        let before = self.moment(&mut tx).await.map_err(|e| self.attempt(doing, e))?;
        let ids: Vec<InstanceId> = targets.iter().map(|(id, _)| *id).collect();
        let found = find(&mut tx, &ids).await.map_err(|e| self.attempt(doing, e))?;
        let (mut groups, mut lines) = (BTreeMap::new(), Vec::new());
        let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let mut single = None;
        if let (Change::Rename(_) | Change::Settings(_), 2..) = (change, targets.len()) {
            let why = "a name and settings are of one instance; choose one".to_owned();
            return Err(EditError::Invalid(why).into());
        }
        for (id, version) in targets {
            let known = found.get(id).ok_or(EditError::NotFound(*id))?;
            if let Some(seen) = version
                && *seen != known.row.version
            {
                let conflict = conflict(&mut tx, &known.row, *seen).await;
                let conflict = conflict.map_err(|e| self.attempt(doing, e))?;
                return Err(EditError::Conflict(Box::new(conflict)).into());
            }
            if !seen.insert(*id) {
                continue;
            }
            let target = self.target(known, change)?;
            if target.lines.is_empty() {
                unchanged.push(*id);
                continue;
            }
            changed.push(*id);
            lines.extend(target.lines);
            // Each edit is one statement for a row, and raises its version once.
            if matches!(change, Change::Rename(_) | Change::Settings(_)) {
                single = Some((*id, target.name, target.settings));
            } else {
                let group = (target.status.map(Status::as_str), target.priority);
                groups.entry(group).or_insert_with(Vec::new).push(*id);
            }
        }
        let work = async {
            for ((status, priority), ids) in groups {
                set(&mut tx, status, priority, &ids).await?;
            }
            if let Some((id, name, settings)) = single {
                set_one(&mut tx, id, name, settings).await?;
            }
            let after = revision(&mut tx).await?;
            audit::write(&mut tx, actor, lines, after).await?;
            let changed = self.snapshot_instances(&mut tx, &changed).await?;
            Ok(Step { changed, ..Step::between(before, after) })
        };
        let step = work.await.map_err(|e| match (&e, change) {
            (sqlx::Error::Database(said), Change::Rename(name)) if said.is_unique_violation() => {
                Attempt::Refused(EditError::NameTaken(name.clone()))
            }
            _ => self.attempt(doing, e),
        })?;
        let revision = step.after;
        self.commit_step(tx, doing, Some(step)).await.map_err(not_committed)?;
        Ok(Edited { changed, unchanged, revision })
    }

    /// What a change makes of an instance.
    fn target(&self, found: &Found, change: &Change) -> Result<Target, EditError> {
        let row = &found.row;
        let mut target = Target {
            status: row.status,
            priority: row.priority,
            name: row.name.clone(),
            settings: None,
            lines: Vec::new(),
        };
        match change {
            Change::Status(status) => target.status = *status,
            Change::Priority(priority) => target.priority = *priority,
            Change::StatusAndPriority(status, priority) => {
                (target.status, target.priority) = (*status, *priority);
            }
            Change::Nudge(by) => {
                // "As the code says" is what the code of this program says.
                let own = declared(&row.item).map(|(_, priority)| priority);
                let now = row.priority.or(own).unwrap_or(row.item.code_priority);
                let nudged = now.saturating_add(*by);
                if nudged != now {
                    target.priority = Some(nudged);
                }
            }
            Change::Rename(name) => {
                if row.is_default {
                    let why = "a default instance is called as its item".to_owned();
                    return Err(EditError::Invalid(why));
                }
                target.name = checked_name(name)?;
            }
            Change::Settings(settings) => {
                let Some(schema) = found.schema.as_ref().filter(|_| !row.is_default) else {
                    let why = format!("`{}` has no settings", row.item.full_name());
                    return Err(EditError::Invalid(why));
                };
                target.settings =
                    Some(self.sealed(&row.item, schema, settings, &found.settings, row.id)?);
            }
        }
        target.lines = lines(found, &target);
        Ok(target)
    }

    /// Settings as they are stored, if they fit the schema.
    pub(super) fn sealed(
        &self,
        item: &ItemRow,
        schema: &Value,
        settings: &Value,
        stored: &Value,
        id: InstanceId,
    ) -> Result<Value, EditError> {
        if !settings.is_object() {
            return Err(EditError::Invalid("settings are a JSON object".to_owned()));
        }
        let (form, row) = (form(item), owner(id, &item.namespace, &item.name));
        let stored = self.keys().store(form, schema, settings.clone(), stored, &row);
        stored.map_err(|why| match why {
            NotStored::Unfit(problems) => EditError::Settings(problems.into()),
            NotStored::Error(error) => error.into(),
        })
    }
}

/// A name as it is stored: trimmed, of 1 to 100 characters, all of which show.
pub(super) fn checked_name(name: &str) -> Result<String, EditError> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(EditError::Invalid("an instance needs a name".to_owned())),
        1..=LONGEST_NAME => match unseen(name) {
            None => Ok(name.to_owned()),
            Some(c) => Err(EditError::Invalid(unseen_text(c))),
        },
        count => Err(EditError::Invalid(format!(
            "a name has up to {LONGEST_NAME} characters, and this one has {count}"
        ))),
    }
}

fn lines(found: &Found, target: &Target) -> Vec<Line> {
    let row = &found.row;
    let line = |field: &str, before, after| {
        Line::new("changed", "instance", row.id, row.subject()).field(field, before, after)
    };
    let word = |status: Option<Status>| status.map(|status| status.to_string());
    let number = |priority: Option<i32>| priority.map(|priority| priority.to_string());
    let mut lines = Vec::new();
    if row.status != target.status {
        lines.push(line("status", word(row.status), word(target.status)));
    }
    if row.priority != target.priority {
        lines.push(line("priority", number(row.priority), number(target.priority)));
    }
    if row.name != target.name {
        lines.push(line("name", Some(row.name.clone()), Some(target.name.clone())));
    }
    if let Some(settings) = &target.settings {
        for (field, before, after) in
            settings_changes(found.schema.as_ref(), &found.settings, settings)
        {
            lines.push(line(&format!("settings.{field}"), before, after));
        }
    }
    lines
}

/// The fields of settings that differ, with their values as far as they are not
/// secret.
pub(super) fn settings_changes(
    schema: Option<&Value>,
    before: &Value,
    after: &Value,
) -> Vec<(String, Option<String>, Option<String>)> {
    let ((shown_before, secrets_before), (shown_after, secrets_after)) =
        (shown(schema, before), shown(schema, after));
    let told_before = told(&shown_before, &secrets_before, |_| false);
    let told_after =
        told(&shown_after, &secrets_after, |at| before.pointer(at) != after.pointer(at));
    let names = |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>());
    let mut fields: Vec<String> =
        [names(before), names(after)].into_iter().flatten().flatten().collect();
    fields.sort();
    fields.dedup();
    let changed = fields.into_iter().filter(|field| before.get(field) != after.get(field));
    changed
        .map(|field| {
            let text = |value: &Value| value.get(&field).map(ToString::to_string);
            let same = text(&shown_before) == text(&shown_after);
            let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
            let is_secret =
                [&secrets_before, &secrets_after].iter().any(|of| of.contains(&pointer));
            // Or else only what is secret within it differs.
            match is_secret || same {
                true => (field, None, Some("changed".to_owned())),
                false => {
                    let (before, after) = (text(&told_before), text(&told_after));
                    (field, before, after)
                }
            }
        })
        .collect()
}

/// Settings with words in the places of secrets: which of them changed.
fn told(shown: &Value, secrets: &[String], is_changed: impl Fn(&str) -> bool) -> Value {
    let mut told = shown.clone();
    for pointer in secrets {
        if let Some(place) = told.pointer_mut(pointer) {
            let word = if is_changed(pointer) { "changed" } else { "…" };
            *place = Value::String(word.to_owned());
        }
    }
    told
}

async fn find(tx: &mut Tx, ids: &[InstanceId]) -> sqlx::Result<HashMap<InstanceId, Found>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT {INSTANCE}, {ITEM}, i.schema, n.settings FROM {INSTANCES} WHERE n.id IN {}",
            tuples(1, ids.len())
        );
        let values = ids.iter().map(|id| Bound::Text(id.to_string()));
        for row in statement(&sql, values).fetch_all(&mut **tx).await? {
            let (schema, settings) = (json(&row, "schema")?, json(&row, "settings").ok().flatten());
            let row = instance(&row)?;
            let settings = settings.unwrap_or_default();
            found.insert(row.id, Found { row, schema, settings });
        }
    }
    Ok(found)
}

async fn set(
    tx: &mut Tx,
    status: Option<&str>,
    priority: Option<i32>,
    ids: &[InstanceId],
) -> sqlx::Result<()> {
    for ids in ids.chunks(ROWS) {
        let marks: Vec<String> = (3..ids.len() + 3).map(|at| format!("${at}")).collect();
        let sql = format!(
            "UPDATE plugo_instances SET status = $1, priority = $2 WHERE id IN ({})",
            marks.join(", ")
        );
        let first = [Bound::MaybeText(status.map(str::to_owned)), Bound::MaybeSmall(priority)];
        let ids = ids.iter().map(|id| Bound::Text(id.to_string()));
        statement(&sql, first.into_iter().chain(ids)).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn set_one(
    tx: &mut Tx,
    id: InstanceId,
    name: String,
    settings: Option<Value>,
) -> sqlx::Result<()> {
    let settings = settings.map(|settings| settings.to_string());
    let sql =
        "UPDATE plugo_instances SET name = $1, settings = COALESCE($2, settings) WHERE id = $3";
    let values = [Bound::Text(name), Bound::MaybeText(settings), Bound::Text(id.to_string())];
    statement(sql, values).execute(&mut **tx).await?;
    Ok(())
}
