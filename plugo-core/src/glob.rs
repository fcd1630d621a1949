use std::fmt;

/// A pattern over names: `*` stands for any characters or none, `?` for one,
/// and everything else for itself, in the case in which it is written.
#[derive(Clone, Debug)]
pub(crate) struct Glob(String);

impl Glob {
    /// # Errors
    ///
    /// When the pattern is empty, or has a character that no name has: it
    /// would never match.
    pub(crate) fn new(pattern: &str) -> Result<Self, PatternError> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '?');
        match pattern.chars().find(|&c| !known(c)) {
            _ if pattern.is_empty() => {
                Err(PatternError { pattern: String::new(), character: None })
            }
            None => Ok(Glob(pattern.to_owned())),
            character => Err(PatternError { pattern: pattern.to_owned(), character }),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where to go on when the last `*` has to take one character more.
        let mut again = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    again = Some((p + 1, t));
                    p += 1;
                }
                Some(&c) if c == b'?' || c == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((after, taken)) = again else { return false };
                    again = Some((after, taken + 1));
                    (p, t) = (after, taken + 1);
                }
            }
        }
        pattern[p..].iter().all(|&c| c == b'*')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pattern that can match no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    pattern: String,
    character: Option<char>,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.character {
            None => f.write_str("a pattern must not be empty; `*` matches every name"),
            Some(character) => write!(
                f,
                "the pattern `{}` matches nothing: no name has a {character:?}; `*` stands for any \
                 characters, `?` for one",
                self.pattern
            ),
        }
    }
}

impl std::error::Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_any_characters_and_a_question_mark_one() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("*also*", "this-also-matches", true),
            ("*also*", "als", false),
            ("test.plugins.*", "test.plugins", false),
            ("test.plugins.*", "test.plugins.dummy", true),
            ("test.plugins.dummy.*", "test.plugins.dummy", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "", false),
            ("*a*b", "aXbab", true),
            ("*a*b", "aXba", false),
            ("**x", "x", true),
            ("Abc", "abc", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_refused() {
        assert!(Glob::new("").unwrap_err().to_string().contains("must not be empty"));
        for pattern in ["[ab]", "a b", "{a,b}", "a/b", "ä*"] {
            let error = Glob::new(pattern).unwrap_err().to_string();
            assert!(error.contains(&format!("`{pattern}` matches nothing")), "{error}");
        }
    }
}
