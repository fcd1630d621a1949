use jiff::Timestamp;
use plugo_core::Status;

use crate::model::{self, At, AuditRow, status_from_word};

/// The two ways in which a moment is written: for people, and for machines.
pub(super) fn time(at: At) -> (String, String) {
    match Timestamp::from_millisecond(at.0) {
        Ok(time) => (
            time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ),
        Err(_) => ("unknown".to_owned(), String::new()),
    }
}

/// A status as it is shown.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "Active",
        Status::Reserve => "Reserve",
        Status::Disabled => "Disabled",
    }
}

/// The word of a status as it is shown.
pub(super) fn word(word: &str) -> &str {
    status_from_word(word).map_or(word, |known| status(known))
}

/// A text as HTML, in which what stands between backticks is code.
pub(super) fn code(text: impl AsRef<str>) -> String {
    let escaped: String = text
        .as_ref()
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&#34;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let parts: Vec<&str> = escaped.split('`').collect();
    // One that is open to the end is not a pair.
    if parts.len().is_multiple_of(2) {
        return escaped;
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(part).collect()
}

/// `1 instance`, `2 instances`.
pub(super) fn count(number: u64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{} {one}s", grouped(number)),
    }
}

/// `10,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What an error says, as a sentence of a page.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

/// What a field of the audit log was. The log has no value of what is secret, so
/// nobody knows whether there was one.
pub(super) fn before(row: &AuditRow) -> &str {
    if is_hidden(row) { "" } else { said(row, &row.before) }
}

/// What a field of the audit log became.
pub(super) fn after(row: &AuditRow) -> &str {
    match is_hidden(row) && row.action == "created" {
        true => "a secret",
        false => said(row, &row.after),
    }
}

fn said<'v>(row: &'v AuditRow, value: &'v Option<String>) -> &'v str {
    model::said(row.field.as_deref().unwrap_or_default(), value.as_deref())
}

/// Whether the log only says that it changed. A text of settings stands in quotes.
pub(super) fn is_hidden(row: &AuditRow) -> bool {
    row.before.is_none() && row.after.as_deref() == Some("changed")
}

/// The beginning of a text, in one line.
pub(super) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_for_people() {
        assert_eq!(count(1, "item"), "1 item");
        assert_eq!(count(1_234_567, "item"), "1,234,567 items");
        assert_eq!(grouped(0), "0");
        let (shown, machine) = time(At(1_700_000_000_123));
        assert_eq!((&*shown, &*machine), ("2023-11-14 22:13:20", "2023-11-14T22:13:20Z"));
        assert_eq!(time(At(i64::MAX)).0, "unknown");
        assert_eq!(short("a  b\nc d", 5), "a b c…");
        assert_eq!(code("say `a<b>`, or `c`"), "say <code>a&lt;b&gt;</code>, or <code>c</code>");
        assert_eq!(code("it's `open"), "it&#39;s `open");
    }
}
