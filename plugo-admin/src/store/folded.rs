use std::fmt::Write as _;

use crate::url::Database;

/// The longest text that is searched for, in characters.
pub(super) const LONGEST_SEARCH: usize = 500;

/// So many different letters beyond ASCII are found in any case; more are found as they
/// are written.
const MOST_LETTERS: usize = 60;

/// A text that is searched for in any case, the same on every database: what they do
/// beyond ASCII depends on how each was made.
pub(super) struct Folded {
    /// In lower case.
    pub(super) text: String,
    /// Letters of another case that are replaced in what is searched.
    letters: Vec<(char, char)>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut letters: Vec<(char, char)> = Vec::new();
        for letter in text.chars().filter(|letter| !letter.is_ascii()) {
            let Some(lower) = lower(letter) else { continue };
            let upper =
                single(lower.to_uppercase()).filter(|upper| self::lower(*upper) == Some(lower));
            for other in [Some(letter), upper].into_iter().flatten() {
                let pair = (other, lower);
                if other != lower && !other.is_ascii() && !letters.contains(&pair) {
                    letters.push(pair);
                }
            }
            if letters.len() >= MOST_LETTERS {
                break;
            }
        }
        let fold = |letter: char| {
            let pair = letters.iter().find(|(other, _)| *other == letter);
            pair.map_or(letter.to_ascii_lowercase(), |(_, lower)| *lower)
        };
        Folded { text: text.chars().map(fold).collect(), letters }
    }

    /// The condition that a column contains the text, for which `?` stands.
    pub(super) fn is_in(&self, database: &Database, column: &str) -> String {
        let (mut folded, find) = match database {
            Database::Sqlite { .. } => (format!("lower({column})"), "instr"),
            // That collation knows no letters but ASCII's, wherever the server runs.
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => (format!("lower({column} COLLATE \"C\")"), "strpos"),
        };
        for (other, lower) in &self.letters {
            // None of these letters is a quotation mark.
            folded.insert_str(0, "replace(");
            let _ = write!(folded, ", '{other}', '{lower}')");
        }
        format!("{find}({folded}, ?) > 0")
    }
}

/// The letter in lower case, where that is one letter.
fn lower(letter: char) -> Option<char> {
    single(letter.to_lowercase())
}

fn single(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_in_lower_case_as_far_as_what_is_searched_is() {
        for (text, folded) in
            [("ÄRGER Größe", "ärger größe"), ("İK", "İk"), ("ΣΑΣ", "σασ"), ("100%_'", "100%_'")]
        {
            assert_eq!(Folded::of(text).text, folded);
        }
        // Letters that are not replaced stay as they are.
        let many: String =
            ('\u{410}'..='\u{42f}').chain('\u{391}'..='\u{3a1}').chain('Ā'..='ž').collect();
        let folded = Folded::of(&many);
        assert!(folded.letters.len() <= MOST_LETTERS + 1);
        for (letter, folded_letter) in many.chars().zip(folded.text.chars()) {
            let is_replaced = folded.letters.contains(&(letter, folded_letter));
            assert!(is_replaced || letter == folded_letter, "{letter} {folded_letter}");
        }
    }
}
