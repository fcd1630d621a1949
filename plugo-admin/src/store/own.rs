use std::collections::{BTreeMap, HashMap};

use plugo_core::Status;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::Store;
use super::sql::{ITEMS, needed_status, parsed};
use crate::error::Error;
use crate::model::{ItemId, ItemRow};
use crate::registry::Registry;

/// With more items than these, statements sort and filter by what the database has:
/// they have to end somewhere.
const MOST: usize = 5000;

/// What a program's code says of its items where the database has something else, which
/// another version of the code has left there. "As the code says" means this one.
#[derive(Debug, Default)]
pub(crate) struct Own(HashMap<ItemId, (Status, i32)>);

impl Own {
    /// The item, as this program has it. One that it does not have stays as it was
    /// synced.
    pub(crate) fn item(&self, mut item: ItemRow) -> ItemRow {
        if let Some((status, priority)) = self.0.get(&item.id) {
            (item.code_status, item.code_priority) = (*status, *priority);
        }
        item
    }

    /// The status that holds for an instance, in SQL.
    pub(super) fn status(&self) -> String {
        let says = self.0.iter().map(|(id, (status, _))| (format!("'{status}'"), *id));
        format!("COALESCE(n.status, {})", self.chosen("i.code_status", says))
    }

    /// The priority that holds for an instance, in SQL.
    pub(super) fn priority(&self) -> String {
        let says = self.0.iter().map(|(id, (_, priority))| (priority.to_string(), *id));
        format!("COALESCE(n.priority, {})", self.chosen("i.code_priority", says))
    }

    fn chosen(&self, column: &str, says: impl Iterator<Item = (String, ItemId)>) -> String {
        if self.0.is_empty() || self.0.len() > MOST {
            return column.to_owned();
        }
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (value, id) in says {
            groups.entry(value).or_default().push(format!("'{id}'"));
        }
        let cases = groups.into_iter().map(|(value, mut ids)| {
            ids.sort();
            format!("WHEN i.id IN ({}) THEN {value}", ids.join(", "))
        });
        format!("CASE {} ELSE {column} END", cases.collect::<Vec<_>>().join(" "))
    }
}

impl Store {
    /// Where a program's code says something else than the database.
    #[cfg_attr(
        not(any(feature = "pages", feature = "command")),
        expect(dead_code, reason = "pages and commands ask")
    )]
    pub(crate) async fn own(&self, registry: &Registry) -> Result<Own, Error> {
        let doing = "read the items";
        let mut connection = self.connection(doing).await?;
        let sql = format!(
            "SELECT i.id, i.namespace, i.name, i.code_status, i.code_priority, \
             t.name AS type_name, t.package AS type_package FROM {ITEMS}"
        );
        let rows = sqlx::query(&sql).fetch_all(&mut *connection).await;
        let differs = |row: &AnyRow| {
            let (of, package): (String, String) =
                (row.try_get("type_name")?, row.try_get("type_package")?);
            let (namespace, name): (String, String) =
                (row.try_get("namespace")?, row.try_get("name")?);
            let stored = (needed_status(row, "code_status")?, row.try_get("code_priority")?);
            let known = registry.find_type(&of, &package).and_then(|of| of.item(&namespace, &name));
            let own = known.map(|known| (known.status, known.priority));
            Ok((parsed(row, "id")?, own.filter(|own| *own != stored)))
        };
        let found = self.rows(doing, rows, differs)?;
        Ok(Own(found.into_iter().filter_map(|(id, own)| Some((id, own?))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_as_short_as_what_differs() {
        let none = Own::default();
        assert_eq!(none.status(), "COALESCE(n.status, i.code_status)");
        let ids = [ItemId::new(), ItemId::new()];
        let own = Own(ids.map(|id| (id, (Status::Reserve, -3))).into());
        let sql = format!(
            "COALESCE(n.priority, CASE WHEN i.id IN ('{}', '{}') THEN -3 ELSE i.code_priority END)",
            ids[0], ids[1]
        );
        assert_eq!(own.priority(), sql);
        let many = Own((0..=MOST).map(|_| (ItemId::new(), (Status::Active, 1))).collect());
        assert_eq!(many.priority(), "COALESCE(n.priority, i.code_priority)");
    }
}
