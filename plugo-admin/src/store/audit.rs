use sqlx::Row;
use sqlx::any::AnyRow;

use super::sql::{Bound, Where, has_nul, insert, parsed};
use super::{Store, Tx};
use crate::error::Error;
use crate::model::{Actor, At, AuditQuery, AuditRow, Page};

/// No value in the log is longer.
const LONGEST: usize = 1000;

/// A line that is to be written, in the transaction of what it tells of.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) action: &'static str,
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) field: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Line {
    pub(super) fn new(
        action: &'static str,
        kind: &'static str,
        id: impl ToString,
        subject: impl Into<String>,
    ) -> Self {
        let (id, subject) = (id.to_string(), subject.into());
        Line { action, kind, id, subject, field: None, before: None, after: None }
    }

    pub(super) fn field(
        mut self,
        field: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        self.field = Some(field.into());
        self.before = before.map(short);
        self.after = after.map(short);
        self
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Writes lines with the revision that shows what they tell of.
pub(super) async fn write(
    tx: &mut Tx,
    actor: &Actor,
    lines: Vec<Line>,
    revision: i64,
) -> sqlx::Result<()> {
    let at = At::now().0;
    let columns = [
        "at",
        "actor",
        "via",
        "action",
        "subject_kind",
        "subject_id",
        "subject",
        "field",
        "before",
        "after",
        "revision",
    ];
    // PostgreSQL takes no NUL, which the name of an actor may have where the app says
    // who is who, and the name of a field of settings as well.
    let clean = |text: String| match has_nul(&text) {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    };
    let actor_name = clean(actor.name.clone());
    let rows = lines.into_iter().map(|line| {
        vec![
            Bound::Number(at),
            actor_name.as_str().into(),
            actor.via.as_str().into(),
            line.action.into(),
            line.kind.into(),
            line.id.into(),
            clean(line.subject).into(),
            Bound::MaybeText(line.field.map(clean)),
            Bound::MaybeText(line.before.map(clean)),
            Bound::MaybeText(line.after.map(clean)),
            Bound::Number(revision),
        ]
    });
    insert(tx, "plugo_audit", &columns, rows.collect()).await
}

impl Store {
    /// The lines of the audit log that a query asks for, the latest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditRow>, Error> {
        let mut wanted = Where::default();
        if let Some(id) = &query.subject_id {
            wanted.and("subject_id = ?", id.as_str());
        }
        if let Some(actor) = &query.actor {
            wanted.and("actor = ?", actor.as_str());
        }
        if let Some(text) = &query.search {
            let columns = ["subject", "actor", "COALESCE(before, '')", "COALESCE(after, '')"];
            wanted.contains(self.database(), &columns, text)?;
        }
        let columns = "id, at, actor, via, action, subject_kind, subject_id, subject, field, \
            before, after, revision";
        let pages = (query.page, query.per_page);
        let doing = "read the audit log";
        self.page(doing, columns, "plugo_audit", wanted, "id DESC", pages, audit_row).await
    }
}

pub(super) fn audit_row(row: &AnyRow) -> sqlx::Result<AuditRow> {
    Ok(AuditRow {
        id: row.try_get("id")?,
        at: At(row.try_get("at")?),
        actor: row.try_get("actor")?,
        via: parsed(row, "via")?,
        action: row.try_get("action")?,
        subject_kind: row.try_get("subject_kind")?,
        subject_id: row.try_get("subject_id")?,
        subject: row.try_get("subject")?,
        field: row.try_get("field")?,
        before: row.try_get("before")?,
        after: row.try_get("after")?,
        revision: row.try_get("revision")?,
    })
}
