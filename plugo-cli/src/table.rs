use std::fmt;

/// Rows of cells under a header, in columns that are as wide as they have to
/// be. Nothing is padded at the end of a line.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns whose cells end under each other: numbers.
    right: Vec<usize>,
}

impl Table {
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        Table { rows: vec![header.map(str::to_owned).into()], right: Vec::new() }
    }

    /// Rows without a header.
    pub(crate) fn bare() -> Self {
        Table::default()
    }

    /// These columns hold numbers.
    pub(crate) fn right(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.right.extend(columns);
        self
    }

    /// A terminal shows what is in a cell, and does nothing of what it says.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(escaped).into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                match self.right.contains(&column) {
                    true => line.push_str(&format!("{cell:>width$}")),
                    false => line.push_str(&format!("{cell:<width$}")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Whether a terminal shows a text as it is: without characters that move it,
/// colour it or change the direction that it is read in.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(is_control)
}

/// A text as it can be shown.
fn escaped(text: String) -> String {
    if is_plain(&text) {
        return text;
    }
    let shown = |c: char| match is_control(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    text.chars().map(shown).collect()
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number with its digits in groups: `1,000,000`.
pub(crate) fn grouped(number: u64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn what_a_terminal_would_do_is_shown() {
        let mut table = Table::bare();
        table.row(["a\u{1b}[2J\nb".to_owned(), "größe".to_owned(), "\u{202e}c".to_owned()]);
        assert_eq!(table.to_string(), "a\\u{1b}[2J\\u{a}b  größe  \\u{202e}c\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["name", "bytes", "why"]).right([1]);
        table.row(["größer".to_owned(), "5".to_owned(), String::new()]);
        table.row(["a".to_owned(), "1,000".to_owned(), "it is".to_owned()]);
        assert_eq!(table.to_string(), "name    bytes  why\ngrößer      5\na       1,000  it is\n");
    }
}
