use std::fmt;

/// A table in Markdown, with its columns aligned.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Whether every column is of text.
    text: bool,
}

impl Table {
    pub(crate) fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Table { rows: vec![header.into_iter().map(Into::into).collect()], text: false }
    }

    /// A table of words, whose columns are on the left and not padded.
    pub(crate) fn of_text(self) -> Self {
        Table { text: true, ..self }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

/// The first column on the left, numbers on the right.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text {
            for (nth, row) in self.rows.iter().enumerate() {
                writeln!(f, "| {} |", row.join(" | "))?;
                if nth == 0 {
                    writeln!(f, "|{}", " --- |".repeat(row.len()))?;
                }
            }
            return Ok(());
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], i: usize| row.get(i).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|i| self.rows.iter().map(|row| cell(row, i).chars().count()).max().unwrap_or(0))
            .collect();
        for (nth, row) in self.rows.iter().enumerate() {
            for (i, &width) in widths.iter().enumerate() {
                let text = cell(row, i);
                match i {
                    0 => write!(f, "| {text:width$} |")?,
                    _ => write!(f, " {text:>width$} |")?,
                }
            }
            writeln!(f)?;
            if nth == 0 {
                for (i, &width) in widths.iter().enumerate() {
                    let line = "-".repeat(width + 1);
                    match i {
                        0 => write!(f, "|:{line}|")?,
                        _ => write!(f, "{line}:|")?,
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// `1.23x`, and `1/450` below a twentieth, which `0.00x` would not tell.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio > 0.0 && ratio < 0.05 {
        true => format!("1/{}", grouped((1.0 / ratio).round() as u64)),
        false => format!("{ratio:.2}x"),
    }
}

/// `1234567` as people read it.
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
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn a_small_ratio_is_a_fraction() {
        assert_eq!([1.0, 0.05, 0.0022, 0.0].map(ratio), ["1.00x", "0.05x", "1/455", "0.00x"]);
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["", "10", "100"]);
        table.row(["plugo", "1", "22222"]);
        let text = "|       | 10 |   100 |\n|:------|---:|------:|\n| plugo |  1 | 22222 |\n";
        assert_eq!(table.to_string(), text);
    }
}
