use jiff::Timestamp;

use super::answer::{Answer, table};
use super::arguments::AuditArgs;
use super::failure::Failure;
use super::opening::Opening;
use crate::model::{At, AuditQuery, AuditRow};

/// The longest value that a line shows, in characters.
const LONGEST: usize = 60;

/// `db audit`.
pub(super) async fn audit(
    opening: &Opening,
    answer: Answer,
    which: &AuditArgs,
) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let query = AuditQuery {
        actor: which.actor.clone(),
        search: which.search.clone(),
        per_page: which.limit,
        ..AuditQuery::default()
    };
    let mut rows = store.audit(&query).await?.rows;
    // At a terminal, the latest is what stands above the prompt.
    rows.reverse();
    answer.give(&rows, || match rows.is_empty() {
        true => "there is no such change".to_owned(),
        false => {
            let heading = ["WHEN (UTC)", "WHO", "BY", "WHAT", "CHANGE"];
            let cells = rows.iter().map(|row| {
                [
                    time(row.at),
                    row.actor.clone(),
                    row.via.as_str().to_owned(),
                    format!("{} {}", row.subject_kind, row.subject),
                    change(row),
                ]
            });
            table(heading, &cells.collect::<Vec<_>>())
        }
    })
}

pub(super) fn time(at: At) -> String {
    let time = Timestamp::from_millisecond(at.0);
    time.map_or_else(|_| "unknown".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// As much of a value as a line of a table has room for; JSON has all of it.
fn cut(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn change(row: &AuditRow) -> String {
    let Some(field) = &row.field else { return row.action.clone() };
    let nothing = match &**field {
        "status" | "priority" => "as the code says",
        _ => "nothing",
    };
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| nothing.to_owned(), cut);
    match (&*row.action, &row.before) {
        ("changed", None) if nothing == "nothing" => format!("{field}: {}", value(&row.after)),
        ("changed", before) => format!("{field}: {} -> {}", value(before), value(&row.after)),
        (action, _) => format!("{action}, {field}: {}", value(&row.after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_room_for_a_piece_of_a_long_value() {
        assert_eq!(cut(&"ä".repeat(LONGEST)), "ä".repeat(LONGEST));
        assert_eq!(cut(&"ä".repeat(LONGEST + 1)), format!("{}…", "ä".repeat(LONGEST)));
    }
}
