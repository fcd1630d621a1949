use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde::Serialize;

use super::arguments::Format;
use super::failure::Failure;
use crate::model::is_unseen;

/// How the answer is written: to stdout, and nothing else goes there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    format: Format,
}

impl Answer {
    pub(super) fn new(format: Format) -> Self {
        Answer { format }
    }

    /// The answer, as one JSON document or as a text.
    pub(super) fn give(
        self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(json)
                .map_err(|error| Failure::environment(format!("no answer: {error}")))?,
            Format::Table => plain(&text()),
        };
        say(&text)
    }
}

/// A line on stdout. Who does not listen to the end, as `head` does, has what they
/// wanted.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let said = writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush());
    match said {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::environment(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Something beside the answer.
#[cfg(feature = "pages")]
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(text));
}

/// Names and values come from other people, and a terminal would obey what is in
/// them.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|c| match is_unseen(c) && c != '\n' {
            true => c.escape_unicode().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect()
}

/// Columns with their headings. The last one is as wide as it is.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    // A cell is one line, whatever is in it.
    let cell = |text: &str| plain(&text.replace(['\n', '\r'], " "));
    let mut lines = vec![heading.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| row.each_ref().map(|text| cell(text))));
    let mut widths = [0; N];
    for line in &lines {
        for (width, text) in widths.iter_mut().zip(line) {
            *width = (*width).max(text.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(row, "{cell:width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_does_not_reach_the_terminal_as_a_command() {
        let row = ["a\u{1b}[2J\u{202e}b\nc".to_owned(), "ä".to_owned()];
        let lines = ["one                    two", "a\\u{1b}[2J\\u{202e}b c  ä", ""];
        assert_eq!(table(["one", "two"], &[row]), lines.join("\n"));
    }
}
