use std::collections::HashMap;

use serde_json::Value;
use sqlx::Row;

use crate::store::Tx;
use crate::store::read::json;
use crate::store::sql::{flag, needed_status};
use plugo_core::Status;

/// A row of `plugo_types`.
pub(crate) struct StoredType {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) present: bool,
}

/// A row of `plugo_items`.
pub(crate) struct StoredItem {
    pub(crate) id: String,
    pub(crate) type_id: String,
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) status: Status,
    pub(crate) priority: i32,
    pub(crate) schema: Option<Value>,
    pub(crate) present: bool,
}

/// A row of `plugo_instances`.
pub(crate) struct StoredInstance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_default: bool,
    /// Whether no operator has changed it.
    pub(crate) untouched: bool,
}

/// A row of `plugo_plugins`.
pub(crate) struct StoredPlugin {
    pub(crate) id: String,
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) present: bool,
}

/// All that sync compares, by what names it in code.
#[derive(Default)]
pub(crate) struct Stored {
    /// By name and package.
    pub(crate) types: HashMap<(String, String), StoredType>,
    /// By the type's id, namespace and name.
    pub(crate) items: HashMap<(String, String, String), StoredItem>,
    /// By the item's id.
    pub(crate) instances: HashMap<String, Vec<StoredInstance>>,
    /// By namespace and name.
    pub(crate) plugins: HashMap<(String, String), StoredPlugin>,
}

impl Stored {
    pub(crate) async fn read(tx: &mut Tx) -> sqlx::Result<Self> {
        let mut stored = Stored::default();
        let sql = "SELECT id, name, package, description, present FROM plugo_types";
        for row in sqlx::query(sql).fetch_all(&mut **tx).await? {
            let key = (row.try_get("name")?, row.try_get("package")?);
            let of = StoredType {
                id: row.try_get("id")?,
                description: row.try_get("description")?,
                present: flag(&row, "present")?,
            };
            stored.types.insert(key, of);
        }
        let sql = "SELECT id, type_id, namespace, name, package, version, description, code_status, \
            code_priority, schema, present FROM plugo_items";
        for row in sqlx::query(sql).fetch_all(&mut **tx).await? {
            let type_id: String = row.try_get("type_id")?;
            let item = StoredItem {
                id: row.try_get("id")?,
                type_id: type_id.clone(),
                package: row.try_get("package")?,
                version: row.try_get("version")?,
                description: row.try_get("description")?,
                status: needed_status(&row, "code_status")?,
                priority: row.try_get("code_priority")?,
                schema: json(&row, "schema")?,
                present: flag(&row, "present")?,
            };
            let key = (type_id, row.try_get("namespace")?, row.try_get("name")?);
            stored.items.insert(key, item);
        }
        let sql = "SELECT id, item_id, name, is_default, status, priority, version \
            FROM plugo_instances";
        for row in sqlx::query(sql).fetch_all(&mut **tx).await? {
            let instance = StoredInstance {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                is_default: flag(&row, "is_default")?,
                untouched: row.try_get::<Option<String>, _>("status")?.is_none()
                    && row.try_get::<Option<i32>, _>("priority")?.is_none(),
            };
            let item: String = row.try_get("item_id")?;
            stored.instances.entry(item).or_default().push(instance);
        }
        let sql =
            "SELECT id, namespace, name, package, version, description, present FROM plugo_plugins";
        for row in sqlx::query(sql).fetch_all(&mut **tx).await? {
            let plugin = StoredPlugin {
                id: row.try_get("id")?,
                package: row.try_get("package")?,
                version: row.try_get("version")?,
                description: row.try_get("description")?,
                present: flag(&row, "present")?,
            };
            stored.plugins.insert((row.try_get("namespace")?, row.try_get("name")?), plugin);
        }
        Ok(stored)
    }
}
