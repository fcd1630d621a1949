use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use super::Tx;
use super::folded::{Folded, LONGEST_SEARCH};
use crate::error::Error as StoreError;
use crate::model::{InstanceRow, ItemRow, TypeRef, Version, status_from_word};
use crate::url::Database;

/// So many rows go into one statement.
pub(super) const ROWS: usize = 200;

/// A value of a parameter.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Text(String),
    MaybeText(Option<String>),
    Number(i64),
    Small(i32),
    MaybeSmall(Option<i32>),
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Bound::Text(text.to_owned())
    }
}

impl From<String> for Bound {
    fn from(text: String) -> Self {
        Bound::Text(text)
    }
}

/// Whether a text has a NUL, which PostgreSQL takes in no text.
pub(super) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

pub(super) type Statement<'q> = Query<'q, Any, AnyArguments<'q>>;

/// A statement with its values. Texts that are made anew each time are not kept
/// prepared.
pub(super) fn statement(sql: &str, values: impl IntoIterator<Item = Bound>) -> Statement<'_> {
    let query = sqlx::query(sql).persistent(false);
    values.into_iter().fold(query, |query, value| match value {
        Bound::Text(text) => query.bind(text),
        Bound::MaybeText(text) => query.bind(text),
        Bound::Number(number) => query.bind(number),
        Bound::Small(number) => query.bind(number),
        Bound::MaybeSmall(number) => query.bind(number),
    })
}

/// Whether the database rolled back since transactions waited for each other in a
/// circle, or saw what the other one did not.
pub(super) fn is_given_up(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(said) = error else { return false };
    matches!(said.code().as_deref(), Some("40P01" | "40001"))
}

/// Conditions, joined by AND, with their values.
#[derive(Default)]
pub(super) struct Where {
    conditions: Vec<String>,
    pub(super) values: Vec<Bound>,
}

impl Where {
    /// A condition in which `?` stands for the value, as often as it likes.
    pub(super) fn and(&mut self, condition: &str, value: impl Into<Bound>) {
        let value = value.into();
        // PostgreSQL stores no NUL and refuses to compare with one, so nothing fits.
        if matches!(&value, Bound::Text(text) if has_nul(text)) {
            self.conditions.push("1 = 0".to_owned());
            return;
        }
        self.values.push(value);
        self.conditions.push(condition.replace('?', &format!("${}", self.values.len())));
    }

    /// That one of these columns contains a text, in any case.
    pub(super) fn contains(
        &mut self,
        database: &Database,
        columns: &[&str],
        text: &str,
    ) -> Result<(), StoreError> {
        if text.chars().count() > LONGEST_SEARCH {
            return Err(StoreError::Search { longest: LONGEST_SEARCH });
        }
        if !text.is_empty() {
            let folded = Folded::of(text);
            let parts: Vec<String> =
                columns.iter().map(|column| folded.is_in(database, column)).collect();
            self.and(&format!("({})", parts.join(" OR ")), folded.text);
        }
        Ok(())
    }

    pub(super) fn present(&mut self, column: &str, present: Option<bool>) {
        if let Some(present) = present {
            self.and(&format!("{column} = ?"), Bound::Small(i32::from(present)));
        }
    }

    /// ` WHERE …`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.conditions.join(" AND "))
    }

    /// ` LIMIT … OFFSET …` for a page.
    pub(super) fn page(&mut self, page: u32, per_page: u32) -> String {
        let at = self.values.len();
        self.values.push(Bound::Number(per_page.into()));
        self.values.push(Bound::Number(i64::from(page - 1) * i64::from(per_page)));
        format!(" LIMIT ${} OFFSET ${}", at + 1, at + 2)
    }
}

/// `($1, $2), ($3, $4)`.
pub(super) fn tuples(rows: usize, columns: usize) -> String {
    let tuple = |row: usize| {
        let marks: Vec<String> =
            (1..=columns).map(|at| format!("${}", row * columns + at)).collect();
        format!("({})", marks.join(", "))
    };
    (0..rows).map(tuple).collect::<Vec<_>>().join(", ")
}

/// Inserts rows, many with one statement.
pub(super) async fn insert(
    tx: &mut Tx,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Bound>>,
) -> sqlx::Result<()> {
    for rows in rows.chunks(ROWS) {
        let values = tuples(rows.len(), columns.len());
        let sql = format!("INSERT INTO {table} ({}) VALUES {values}", columns.join(", "));
        statement(&sql, rows.iter().flatten().cloned()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Gives columns their values in the rows whose ids come first.
pub(super) async fn update(
    tx: &mut Tx,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Bound>>,
) -> sqlx::Result<()> {
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{column} = v.column{}", at + 2))
        .collect();
    for rows in rows.chunks(ROWS) {
        let values = tuples(rows.len(), columns.len() + 1);
        let sql = format!(
            "UPDATE {table} SET {} FROM (VALUES {values}) AS v WHERE {table}.id = v.column1",
            set.join(", ")
        );
        statement(&sql, rows.iter().flatten().cloned()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Deletes the rows in which a column has one of these ids.
pub(super) async fn delete<T: Display>(
    tx: &mut Tx,
    table: &str,
    column: &str,
    ids: &[T],
) -> sqlx::Result<()> {
    for ids in ids.chunks(ROWS) {
        let sql = format!("DELETE FROM {table} WHERE {column} IN {}", tuples(1, ids.len()));
        let values = ids.iter().map(|id| Bound::Text(id.to_string()));
        statement(&sql, values).execute(&mut **tx).await?;
    }
    Ok(())
}

/// The revision within a transaction.
pub(super) async fn revision(tx: &mut Tx) -> sqlx::Result<i64> {
    let row = sqlx::query("SELECT revision FROM plugo_revision").fetch_one(&mut **tx).await?;
    row.try_get(0)
}

/// A column whose text is a word or an id.
pub(super) fn parsed<T>(row: &AnyRow, column: &str) -> sqlx::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: String = row.try_get(column)?;
    text.parse().map_err(|why: T::Err| sqlx::Error::Decode(why.into()))
}

pub(super) fn status(row: &AnyRow, column: &str) -> sqlx::Result<Option<plugo_core::Status>> {
    let word: Option<String> = row.try_get(column)?;
    let status = word.map(|word| status_from_word(&word)).transpose();
    status.map_err(|why| sqlx::Error::Decode(why.into()))
}

pub(super) fn needed_status(row: &AnyRow, column: &str) -> sqlx::Result<plugo_core::Status> {
    status(row, column)?.ok_or_else(|| sqlx::Error::Decode("a status is missing".into()))
}

pub(super) fn flag(row: &AnyRow, column: &str) -> sqlx::Result<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

pub(super) fn count(row: &AnyRow, column: &str) -> sqlx::Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default())
}

/// The columns of an item, from `i` and `t`.
pub(super) const ITEM: &str = "i.id AS item_id, i.namespace, i.name AS item, i.package, \
    i.version AS item_version, i.description, i.code_status, i.code_priority, \
    CASE WHEN i.schema IS NULL THEN 0 ELSE 1 END AS has_settings, i.present, t.id AS type_id, \
    t.name AS type_name, t.package AS type_package";

/// Where those come from.
pub(super) const ITEMS: &str = "plugo_items i JOIN plugo_types t ON t.id = i.type_id";

pub(super) fn item(row: &AnyRow) -> sqlx::Result<ItemRow> {
    Ok(ItemRow {
        id: parsed(row, "item_id")?,
        of: TypeRef {
            id: parsed(row, "type_id")?,
            name: row.try_get("type_name")?,
            package: row.try_get("type_package")?,
        },
        namespace: row.try_get("namespace")?,
        name: row.try_get("item")?,
        package: row.try_get("package")?,
        version: row.try_get("item_version")?,
        description: row.try_get("description")?,
        code_status: needed_status(row, "code_status")?,
        code_priority: row.try_get("code_priority")?,
        has_settings: flag(row, "has_settings")?,
        present: flag(row, "present")?,
    })
}

/// The columns of an instance, from `n`, beside those of its item.
pub(super) const INSTANCE: &str =
    "n.id, n.name AS instance, n.is_default, n.status, n.priority, n.version";

/// Where an instance and its item come from.
pub(super) const INSTANCES: &str = "plugo_instances n JOIN plugo_items i ON i.id = n.item_id \
    JOIN plugo_types t ON t.id = i.type_id";

pub(super) fn instance(row: &AnyRow) -> sqlx::Result<InstanceRow> {
    Ok(InstanceRow {
        id: parsed(row, "id")?,
        item: item(row)?,
        name: row.try_get("instance")?,
        is_default: flag(row, "is_default")?,
        status: status(row, "status")?,
        priority: row.try_get("priority")?,
        version: Version(row.try_get("version")?),
    })
}
