use jiff::Timestamp;
use plugo_core::Status;

use crate::model::{self, At};

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

/// A value of the audit log.
pub(super) fn said<'v>(field: &str, value: &'v Option<String>) -> &'v str {
    model::said(field, value.as_deref())
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
    }
}
