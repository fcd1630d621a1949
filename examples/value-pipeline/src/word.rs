//! The random word, or the one that stands in for it.

use pipeline_api::{Map, Value};

/// Where the word comes from.
pub(crate) enum Word {
    Random,
    Given(String),
}

impl Word {
    /// Reads `--word <word>`.
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> anyhow::Result<Self> {
        let word = match arguments.next().as_deref() {
            None => Word::Random,
            Some("--word") => match arguments.next() {
                Some(word) => Word::Given(word),
                None => anyhow::bail!("`--word` needs a word: `--word ABC`"),
            },
            Some(other) => anyhow::bail!("unknown argument `{other}`; there is `--word <word>`"),
        };
        match arguments.next() {
            None => Ok(word),
            Some(other) => anyhow::bail!("unknown argument `{other}`; there is `--word <word>`"),
        }
    }

    /// The word. A random one has `random_word_length` letters and digits, 16
    /// if nothing says how many.
    pub(crate) fn resolve(&self, parameters: &Map) -> Value {
        let length = match parameters.get("random_word_length") {
            Some(Value::Number(length)) => usize::try_from(*length).unwrap_or(0),
            _ => 16,
        };
        Value::Text(match self {
            Word::Given(word) => word.clone(),
            Word::Random => (0..length).map(|_| fastrand::alphanumeric()).collect(),
        })
    }
}
