use std::error::Error;
use std::fmt;

/// Why settings cannot be read. No part of a secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevealError {
    /// What is stored is no JSON.
    NoJson {
        /// Near which column, counted from 1.
        column: usize,
    },
    /// A secret is encrypted in a form that this program does not know.
    UnknownForm,
    /// A secret is encrypted with a key that is not in the key ring.
    UnknownKey {
        /// The name of the key.
        key: String,
    },
    /// A secret does not decrypt: it is damaged, or of another place or row.
    Damaged {
        /// The name of the key that it is encrypted with.
        key: String,
    },
}

impl RevealError {
    pub(crate) fn no_json(error: &serde_json::Error) -> Self {
        RevealError::NoJson { column: error.column() }
    }
}

impl fmt::Display for RevealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevealError::NoJson { column } => {
                write!(f, "they are no JSON that can be read, near column {column}")
            }
            RevealError::UnknownForm => {
                f.write_str("a secret field has an encrypted form that this program does not know")
            }
            RevealError::UnknownKey { key } => write!(
                f,
                "a secret field is encrypted with the key `{key}`, which is not in the key ring"
            ),
            RevealError::Damaged { key } => write!(
                f,
                "a secret field does not decrypt with the key `{key}`: it is damaged, or of \
                 another place"
            ),
        }
    }
}

impl Error for RevealError {}
