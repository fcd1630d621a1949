use crate::diagnostic::Code;

/// The one place where the texts stand.
const TEXTS: &str = include_str!("../diagnostics.md");

/// What a [`Code`] means, with an example, and what to do.
///
/// ```
/// let code = plugo_build::Code::named("feature-off").unwrap();
/// assert!(code.explanation().mend.starts_with("build with `--features blog`"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// An example, as lines of text that are indented by four blanks.
    pub example: &'static str,
    /// What to do.
    pub mend: &'static str,
}

impl Code {
    /// The code with this text, such as `feature-off`.
    pub fn named(text: &str) -> Option<Self> {
        Code::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// What it means, an example, and what to do. The texts are Markdown that
    /// a terminal can show as it is.
    pub fn explanation(self) -> Explanation {
        // A test holds that each code has all three parts.
        self.section().unwrap_or(Explanation { meaning: "", example: "", mend: "" })
    }

    fn section(self) -> Option<Explanation> {
        let (_, rest) = TEXTS.split_once(&format!("\n## {}\n\n", self.as_str()))?;
        let section = rest.split("\n## ").next()?;
        let (meaning, rest) = section.split_once("\n\n")?;
        let (example, mend) = rest.split_once("\n\nWhat to do: ")?;
        Some(Explanation { meaning, example, mend: mend.trim_end() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_and_nothing_else_is() {
        for code in Code::ALL {
            let explanation = code.section().unwrap_or_else(|| panic!("`{code}` has no text"));
            assert!(explanation.meaning.ends_with('.'), "{code}: {}", explanation.meaning);
            for line in explanation.example.lines() {
                assert!(line.is_empty() || line.starts_with("    "), "{code}: {line}");
            }
            assert!(explanation.mend.contains(|c: char| c.is_lowercase()), "{code}");
            assert_eq!(Code::named(code.as_str()), Some(code));
        }
        let titles = TEXTS.lines().filter_map(|line| line.strip_prefix("## "));
        let titles: Vec<&str> = titles.collect();
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        assert_eq!(titles, codes, "in alphabetical order");
    }
}
