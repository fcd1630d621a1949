use std::sync::Arc;

use serde_json::{Map, Value};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::sql::{
    Bound, INSTANCE, INSTANCES, ITEM, ITEMS, ROWS, Where, count, flag, instance, item, parsed,
    statement, status, tuples,
};
use super::{Own, Store, Tx};
use crate::error::Error;
use crate::model::{
    InstanceDetail, InstanceId, InstanceQuery, InstanceRow, ItemId, ItemQuery, ItemRow, Page,
    PluginQuery, PluginRow, Sort, TypeRow, Version, paging,
};
use crate::secrets::{RevealError, SealedSettings, owner, shown};
use crate::snapshot::{Moment, Origin, Snapshot, SnapshotInstance, SnapshotItem, SnapshotType};

impl Store {
    /// Every plugin type with how many instances hold which status, by name. What the
    /// code says is what the last sync that refreshed it had.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn overview(&self) -> Result<Vec<TypeRow>, Error> {
        self.overview_by(&Own::default()).await
    }

    /// The same, by what this program's code says.
    pub(crate) async fn overview_by(&self, own: &Own) -> Result<Vec<TypeRow>, Error> {
        let doing = "read the plugin types";
        let mut connection = self.connection(doing).await?;
        let status = own.status();
        let sql = format!(
            "SELECT t.id, t.name, t.package, t.description, t.present, \
            COUNT(DISTINCT i.id) AS items, \
            COUNT(CASE WHEN {status} = 'active' THEN n.id END) AS active, \
            COUNT(CASE WHEN {status} = 'reserve' THEN n.id END) AS reserve, \
            COUNT(CASE WHEN {status} = 'disabled' THEN n.id END) AS disabled \
            FROM plugo_types t LEFT JOIN plugo_items i ON i.type_id = t.id \
            LEFT JOIN plugo_instances n ON n.item_id = i.id \
            GROUP BY t.id, t.name, t.package, t.description, t.present ORDER BY t.name, t.package, t.id"
        );
        let rows = sqlx::query(&sql).fetch_all(&mut *connection).await;
        let type_row = |row: &AnyRow| {
            Ok(TypeRow {
                id: parsed(row, "id")?,
                name: row.try_get("name")?,
                package: row.try_get("package")?,
                description: row.try_get("description")?,
                present: flag(row, "present")?,
                items: count(row, "items")?,
                active: count(row, "active")?,
                reserve: count(row, "reserve")?,
                disabled: count(row, "disabled")?,
            })
        };
        self.rows(doing, rows, type_row)
    }

    /// The instances that a query asks for: two statements, however many there are.
    /// What the code says is what the last sync that refreshed it had.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn instances(&self, query: &InstanceQuery) -> Result<Page<InstanceRow>, Error> {
        self.instances_by(query, &Own::default()).await
    }

    /// The same, by what this program's code says.
    pub(crate) async fn instances_by(
        &self,
        query: &InstanceQuery,
        own: &Own,
    ) -> Result<Page<InstanceRow>, Error> {
        let mut wanted = Where::default();
        if let Some(text) = &query.search {
            wanted.contains(
                self.database(),
                &["n.name", "i.name", "i.package", "i.description"],
                text,
            )?;
        }
        if let Some(id) = query.type_id {
            wanted.and("i.type_id = ?", id.to_string());
        }
        if let Some(status) = query.status {
            wanted.and(&format!("{} = ?", own.status()), status.as_str());
        }
        if let Some(package) = &query.package {
            wanted.and("i.package = ?", package.as_str());
        }
        wanted.present("i.present", query.present);
        let order = order(query.sort, query.descending, own);
        let columns = format!("{INSTANCE}, {ITEM}");
        let pages = (query.page, query.per_page);
        let instance = |row: &AnyRow| {
            let row = instance(row)?;
            Ok(InstanceRow { item: own.item(row.item), ..row })
        };
        self.page("read the instances", &columns, INSTANCES, wanted, &order, pages, instance).await
    }

    /// The items that a query asks for, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn items(&self, query: &ItemQuery) -> Result<Page<ItemRow>, Error> {
        let mut wanted = Where::default();
        if let Some(text) = &query.search {
            wanted.contains(self.database(), &["i.name", "i.package", "i.description"], text)?;
        }
        if let Some(id) = query.type_id {
            wanted.and("i.type_id = ?", id.to_string());
        }
        wanted.present("i.present", query.present);
        let pages = (query.page, query.per_page);
        let order = "i.name, i.namespace, i.id";
        self.page("read the items", ITEM, ITEMS, wanted, order, pages, item).await
    }

    /// One item, with the JSON schema of its settings as the last sync that
    /// refreshed it had it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn item(&self, id: ItemId) -> Result<Option<(ItemRow, Option<Value>)>, Error> {
        let doing = "read an item";
        let mut connection = self.connection(doing).await?;
        let sql = format!("SELECT {ITEM}, i.schema FROM {ITEMS} WHERE i.id = $1");
        let found = statement(&sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| row.map(|row| Ok((item(&row)?, json(&row, "schema")?))).transpose());
        found.map_err(|e| self.error(doing, e))
    }

    /// The plain plugins that a query asks for, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn plugins(&self, query: &PluginQuery) -> Result<Page<PluginRow>, Error> {
        let mut wanted = Where::default();
        if let Some(text) = &query.search {
            wanted.contains(self.database(), &["name", "package", "description"], text)?;
        }
        wanted.present("present", query.present);
        let plugin = |row: &AnyRow| {
            Ok(PluginRow {
                id: parsed(row, "id")?,
                namespace: row.try_get("namespace")?,
                name: row.try_get("name")?,
                package: row.try_get("package")?,
                version: row.try_get("version")?,
                description: row.try_get("description")?,
                present: flag(row, "present")?,
            })
        };
        let columns = "id, namespace, name, package, version, description, present";
        let (pages, order) = ((query.page, query.per_page), "name, namespace, id");
        self.page("read the plugins", columns, "plugo_plugins", wanted, order, pages, plugin).await
    }

    /// One instance with its settings, in which an empty text stands for each secret.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn instance(&self, id: InstanceId) -> Result<Option<InstanceDetail>, Error> {
        let doing = "read an instance";
        let mut connection = self.connection(doing).await?;
        let sql = format!(
            "SELECT {INSTANCE}, {ITEM}, i.schema, n.settings FROM {INSTANCES} WHERE n.id = $1"
        );
        let detail = |row: AnyRow| {
            let schema = json(&row, "schema")?;
            // What somebody typed by hand may be deeper than what is read here.
            let read: Result<Value, _> =
                serde_json::from_str(&row.try_get::<String, _>("settings")?);
            let unreadable =
                read.as_ref().err().map(|error| RevealError::no_json(error).to_string());
            let empty = || Value::Object(Map::new());
            let (settings, secrets) = shown(schema.as_ref(), &read.unwrap_or_else(|_| empty()));
            Ok(InstanceDetail { row: instance(&row)?, schema, settings, secrets, unreadable })
        };
        statement(&sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| row.map(detail).transpose())
            .map_err(|e| self.error(doing, e))
    }

    /// The revision, which every change of types, items and instances raises.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn revision(&self) -> Result<i64, Error> {
        let doing = "read the revision";
        let mut connection = self.connection(doing).await?;
        let row =
            sqlx::query("SELECT revision FROM plugo_revision").fetch_one(&mut *connection).await;
        row.and_then(|row| row.try_get(0)).map_err(|e| self.error(doing, e))
    }

    /// Which database it is, whatever it is called: drawn when it was made.
    pub(crate) async fn identity(&self) -> Result<String, Error> {
        let doing = "read which database it is";
        let mut connection = self.connection(doing).await?;
        let row =
            sqlx::query("SELECT database FROM plugo_revision").fetch_one(&mut *connection).await;
        row.and_then(|row| row.try_get(0)).map_err(|e| self.error(doing, e))
    }

    /// Which revision it is, and of what.
    pub(crate) async fn moment(&self, connection: &mut AnyConnection) -> sqlx::Result<Moment> {
        let row = sqlx::query(self.database().moment()).fetch_one(connection).await?;
        let origin = Origin { database: row.try_get("database")?, mark: row.try_get("mark")? };
        Ok(Moment { origin, revision: row.try_get("revision")? })
    }

    /// The same, on a connection of its own.
    pub(crate) async fn moment_now(&self) -> Result<Moment, Error> {
        let doing = "read the revision";
        let mut connection = self.connection(doing).await?;
        self.moment(&mut connection).await.map_err(|e| self.error(doing, e))
    }

    /// Everything that lookups need, all of one revision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let doing = "read what operators say";
        let mut tx = self.begin_read(doing).await?;
        let read = async {
            let at = self.moment(&mut tx).await?;
            let sql = "SELECT n.id, n.name AS instance, n.is_default, n.status, n.priority, n.version, \
                n.settings, i.id AS item_id, i.namespace, i.name AS item, t.id AS type_id, \
                t.name AS type_name, t.package AS type_package \
                FROM plugo_types t LEFT JOIN plugo_items i ON i.type_id = t.id \
                LEFT JOIN plugo_instances n ON n.item_id = i.id \
                ORDER BY t.name, t.package, i.name, i.namespace, n.name, n.id";
            let rows = sqlx::query(sql).fetch_all(&mut *tx).await?;
            Ok((at, self.gather(&rows)?))
        };
        let (at, types) = read.await.map_err(|e| self.error(doing, e))?;
        tx.commit().await.map_err(|e| self.error(doing, e))?;
        Ok(Snapshot::new(at, types))
    }

    fn gather(&self, rows: &[AnyRow]) -> sqlx::Result<Vec<SnapshotType>> {
        let mut types: Vec<SnapshotType> = Vec::new();
        for row in rows {
            let id = parsed(row, "type_id")?;
            if types.last().is_none_or(|last| last.id != id) {
                let (name, package) = (row.try_get("type_name")?, row.try_get("type_package")?);
                types.push(SnapshotType { id, name, package, items: Vec::new() });
            }
            let Some(of) = types.last_mut() else { continue };
            // A type without items, and an item without instances, are there as well.
            if row.try_get::<Option<String>, _>("item_id")?.is_none() {
                continue;
            }
            let id = parsed(row, "item_id")?;
            if of.items.last().is_none_or(|last| last.id != id) {
                let (namespace, name) = (row.try_get("namespace")?, row.try_get("item")?);
                of.items.push(SnapshotItem { id, namespace, name, instances: Vec::new() });
            }
            if row.try_get::<Option<String>, _>("id")?.is_none() {
                continue;
            }
            let instance = self.snapshot_instance(row)?;
            if let Some(item) = of.items.last_mut() {
                item.instances.push(Arc::new(instance));
            }
        }
        Ok(types)
    }

    fn snapshot_instance(&self, row: &AnyRow) -> sqlx::Result<SnapshotInstance> {
        let id: InstanceId = parsed(row, "id")?;
        let keys = self.keys().clone();
        let (namespace, item): (String, String) = (row.try_get("namespace")?, row.try_get("item")?);
        let owner = owner(id, &namespace, &item);
        Ok(SnapshotInstance {
            id,
            name: row.try_get("instance")?,
            is_default: flag(row, "is_default")?,
            status: status(row, "status")?,
            priority: row.try_get("priority")?,
            version: Version(row.try_get("version")?),
            settings: SealedSettings::new(row.try_get("settings")?, owner, keys),
        })
    }

    /// Some instances, as a snapshot has them.
    pub(super) async fn snapshot_instances(
        &self,
        tx: &mut Tx,
        ids: &[InstanceId],
    ) -> sqlx::Result<Vec<SnapshotInstance>> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(ROWS) {
            let sql = format!(
                "SELECT {INSTANCE}, n.settings, i.namespace, i.name AS item FROM {INSTANCES} \
                 WHERE n.id IN {}",
                tuples(1, ids.len())
            );
            let values = ids.iter().map(|id| Bound::Text(id.to_string()));
            for row in statement(&sql, values).fetch_all(&mut **tx).await? {
                found.push(self.snapshot_instance(&row)?);
            }
        }
        Ok(found)
    }

    pub(super) fn rows<T>(
        &self,
        doing: &'static str,
        rows: sqlx::Result<Vec<AnyRow>>,
        row: impl Fn(&AnyRow) -> sqlx::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let rows = rows.and_then(|rows| rows.iter().map(row).collect());
        rows.map_err(|e| self.error(doing, e))
    }

    #[expect(clippy::too_many_arguments, reason = "a query has so many parts")]
    pub(super) async fn page<T>(
        &self,
        doing: &'static str,
        columns: &str,
        from: &str,
        mut wanted: Where,
        order: &str,
        (page, per_page): (u32, u32),
        row: impl Fn(&AnyRow) -> sqlx::Result<T>,
    ) -> Result<Page<T>, Error> {
        let (page, per_page) = paging(page, per_page);
        let mut connection = self.connection(doing).await?;
        let sql = format!("SELECT COUNT(*) AS total FROM {from}{}", wanted.sql());
        let total = statement(&sql, wanted.values.clone()).fetch_one(&mut *connection).await;
        let total = total.and_then(|row| count(&row, "total")).map_err(|e| self.error(doing, e))?;
        let conditions = wanted.sql();
        let limit = wanted.page(page, per_page);
        let sql = format!("SELECT {columns} FROM {from}{conditions} ORDER BY {order}{limit}");
        let rows = statement(&sql, wanted.values).fetch_all(&mut *connection).await;
        Ok(Page::new(self.rows(doing, rows, row)?, total, page, per_page))
    }
}

fn order(sort: Sort, descending: bool, own: &Own) -> String {
    // Active ones first.
    let rank =
        &*format!("CASE {} WHEN 'active' THEN 0 WHEN 'reserve' THEN 1 ELSE 2 END", own.status());
    let priority = &*own.priority();
    let first: &[&str] = match sort {
        Sort::Selection => &[rank, priority],
        Sort::Name => &[],
        Sort::Type => &["t.name", "t.package", rank, priority],
        Sort::Status => &[rank],
        Sort::Priority => &[priority],
        Sort::Package => &["i.package"],
    };
    let direction = if descending { " DESC" } else { "" };
    let keys = first.iter().chain(&["i.name", "i.namespace", "n.name", "n.id"]);
    keys.map(|key| format!("{key}{direction}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn json(row: &AnyRow, column: &str) -> sqlx::Result<Option<Value>> {
    let text: Option<String> = row.try_get(column)?;
    let value = text.map(|text| serde_json::from_str(&text)).transpose();
    value.map_err(|error| sqlx::Error::Decode(error.into()))
}
