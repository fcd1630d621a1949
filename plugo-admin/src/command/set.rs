use std::env;

use serde_json::json;

use super::answer::Answer;
use super::arguments::{Said, SetArgs};
use super::failure::Failure;
use super::naming::{called, find, instances, plugin_type};
use super::opening::Opening;
use crate::model::{Actor, Change, InstanceQuery, InstanceRow, ItemQuery, ItemRow, TypeId, Via};
use crate::registry::Registry;
use crate::store::Store;

/// `db set`.
pub(super) async fn set(
    opening: &Opening,
    answer: Answer,
    registry: &Registry,
    what: &SetArgs,
) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let type_id = match &what.of {
        Some(name) => Some(plugin_type(&store, name).await?.id),
        None => None,
    };
    let rows =
        instances(&store, registry, InstanceQuery { type_id, ..InstanceQuery::default() }).await?;
    let row = match find(&rows, &what.instance) {
        Ok(row) => row,
        Err(failure) => {
            return Err(without(&store, type_id, &what.instance).await?.unwrap_or(failure));
        }
    };
    let change = match (what.status, what.priority) {
        (Some(Said(status)), Some(Said(priority))) => Change::StatusAndPriority(status, priority),
        (Some(Said(status)), None) => Change::Status(status),
        (None, Some(Said(priority))) => Change::Priority(priority),
        (None, None) => return Err(Failure::usage("say --status, --priority, or both")),
    };
    let edited = store.edit(&actor(), &[(row.id, None)], &change).await?;
    let now = store.instance(row.id).await?;
    let own = store.own(registry).await?;
    let now = now.map(|now| InstanceRow { item: own.item(now.row.item), ..now.row });
    let now = now.ok_or_else(|| Failure::no(format!("`{}` was deleted meanwhile", called(row))))?;
    let is_changed = !edited.changed.is_empty();
    let json = json!({
        "id": now.id,
        "instance": called(&now),
        "changed": is_changed,
        "status": now.status.map(|status| status.as_str()),
        "priority": now.priority,
        "effective_status": now.effective_status().as_str(),
        "effective_priority": now.effective_priority(),
        "version": now.version,
    });
    answer.give(&json, || {
        let by_code = |is_so: bool| if is_so { " (as the code says)" } else { "" };
        format!(
            "{}: {}{}, priority {}{}{}",
            called(&now),
            now.effective_status(),
            by_code(now.status.is_none()),
            now.effective_priority(),
            by_code(now.priority.is_none()),
            if is_changed { "" } else { "; it was so before" }
        )
    })
}

/// What is told where an item is meant that has settings, and no instance yet.
async fn without(
    store: &Store,
    type_id: Option<TypeId>,
    asked: &str,
) -> Result<Option<Failure>, Failure> {
    let query = ItemQuery { search: Some(asked.to_owned()), type_id, ..ItemQuery::default() };
    let items = store.items(&query).await?.rows;
    let is_meant = |item: &&ItemRow| item.name == asked || item.full_name() == asked;
    let found = items.iter().filter(|item| item.has_settings).find(is_meant);
    Ok(found.map(|_| {
        Failure::usage(format!(
            "`{asked}` has settings, so it has the instances that operators make of it, and there \
             is none yet: make one in the admin pages or with their API"
        ))
    }))
}

/// Whoever is at the terminal, as the system calls them.
pub(super) fn actor() -> Actor {
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env::var(name).ok());
    let name = name.map(|name| name.trim().chars().filter(|c| !c.is_control()).take(100).collect());
    let name = name.filter(|name: &String| !name.is_empty());
    Actor::new(name.unwrap_or_else(|| "unknown".to_owned()), Via::Command)
}
