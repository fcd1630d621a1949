use sqlx::Row;

use super::Tx;
use super::audit::audit_row;
use super::sql::{Bound, statement};
use crate::error::Conflict;
use crate::model::{InstanceRow, Version, said};

/// So many of the last edits a conflict tells at most, in so many lines.
const MOST_EDITS: i64 = 20;
const MOST_LINES: u32 = 100;

/// Who changed an instance since version `seen`, and what. Each edit raises the
/// version by one, so that as many of the last edits are told; changes by hand are
/// in no log, and where there are some, an edit that was seen may be told again.
pub(super) async fn conflict(
    tx: &mut Tx,
    row: &InstanceRow,
    seen: Version,
) -> sqlx::Result<Conflict> {
    const EDITS: &str = "FROM plugo_audit WHERE subject_id = $1 AND action = 'changed' \
        AND field <> 'is_default'";
    let id = || Bound::Text(row.id.to_string());
    let sql = format!("SELECT COUNT(DISTINCT revision) AS edits {EDITS}");
    let edits = statement(&sql, [id()]).fetch_one(&mut **tx).await?;
    let edits: i64 = edits.try_get("edits")?;
    let since = row.version.0.saturating_sub(seen.0).clamp(1, MOST_EDITS);
    let sql = format!(
        "SELECT id, at, actor, via, action, subject_kind, subject_id, subject, field, before, \
         after, revision {EDITS} AND revision IN (SELECT DISTINCT revision {EDITS} \
         ORDER BY revision DESC LIMIT {since}) ORDER BY id LIMIT {MOST_LINES}"
    );
    let rows = statement(&sql, [id()]).fetch_all(&mut **tx).await?;
    let lines = rows.iter().map(audit_row).collect::<sqlx::Result<Vec<_>>>()?;
    let last = lines.last();
    let is_of_many = lines.iter().any(|line| Some(&line.actor) != last.map(|last| &last.actor));
    let changes = lines.iter().map(|line| {
        let field = line.field.as_deref().unwrap_or(&line.action);
        let by = if is_of_many { format!(" by {}", line.actor) } else { String::new() };
        match (line.before.as_deref(), line.after.as_deref()) {
            // The log has no values of what is secret.
            (None, Some("changed")) => format!("{field} changed{by}"),
            (before, after) => {
                format!("{field} from {} to {}{by}", said(field, before), said(field, after))
            }
        }
    });
    Ok(Conflict {
        id: row.id,
        subject: row.subject(),
        seen,
        now: row.version,
        by_hand: row.version.0 - 1 > edits,
        changes: changes.collect(),
        by: last.map(|last| last.actor.clone()),
        at: last.map(|last| last.at),
    })
}
