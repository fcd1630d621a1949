use serde_json::{Value, json};

use super::answer::{Answer, table};
use super::arguments::ListArgs;
use super::failure::Failure;
use super::naming::{called, instances, plugin_type};
use super::opening::Opening;
use crate::model::{InstanceQuery, InstanceRow, Sort};
use crate::registry::Registry;

/// `db list`.
pub(super) async fn list(
    opening: &Opening,
    answer: Answer,
    registry: &Registry,
    which: &ListArgs,
) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let type_id = match &which.of {
        Some(name) => Some(plugin_type(&store, name).await?.id),
        None => None,
    };
    let query = InstanceQuery {
        type_id,
        status: which.status,
        sort: Sort::Type,
        ..InstanceQuery::default()
    };
    let rows = instances(&store, registry, query).await?;
    let documents: Vec<Value> = rows.iter().map(|row| document(row, registry)).collect();
    answer.give(&documents, || {
        if rows.is_empty() {
            return match which.of.is_some() || which.status.is_some() {
                true => "there is no such instance".to_owned(),
                false => format!(
                    "there is no instance yet; `{} db sync` brings in what this program has",
                    opening.program
                ),
            };
        }
        let heading = ["TYPE", "INSTANCE", "STATUS", "PRIORITY", "PACKAGE", "IN THIS PROGRAM"];
        let cells = rows.iter().map(|row| {
            [
                row.item.of.name.clone(),
                called(row),
                marked(row.effective_status(), row.status.is_none()),
                marked(row.effective_priority(), row.priority.is_none()),
                format!("{} {}", row.item.package, row.item.version),
                if compiled_in(row, registry) { "yes" } else { "no" }.to_owned(),
            ]
        });
        let text = table(heading, &cells.collect::<Vec<_>>());
        let is_of_code = |row: &InstanceRow| row.status.is_none() || row.priority.is_none();
        match rows.iter().any(is_of_code) {
            true => format!("{text}* as the code says"),
            false => text,
        }
    })
}

fn marked(value: impl ToString, is_of_code: bool) -> String {
    format!("{}{}", value.to_string(), if is_of_code { "*" } else { "" })
}

fn compiled_in(row: &InstanceRow, registry: &Registry) -> bool {
    let of = registry.find_type(&row.item.of.name, &row.item.of.package);
    of.is_some_and(|of| of.item(&row.item.namespace, &row.item.name).is_some())
}

/// The same words as in the JSON API.
pub(super) fn document(row: &InstanceRow, registry: &Registry) -> Value {
    let item = &row.item;
    json!({
        "id": row.id,
        "instance": called(row),
        "name": row.name,
        "is_default": row.is_default,
        "status": row.status.map(|status| status.as_str()),
        "priority": row.priority,
        "effective_status": row.effective_status().as_str(),
        "effective_priority": row.effective_priority(),
        "version": row.version,
        "item": {
            "id": item.id,
            "type": item.of,
            "namespace": item.namespace,
            "name": item.name,
            "package": item.package,
            "version": item.version,
            "description": item.description,
            "code_status": item.code_status.as_str(),
            "code_priority": item.code_priority,
            "has_settings": item.has_settings,
            "present": item.present,
            "compiled_in": compiled_in(row, registry),
        },
    })
}
