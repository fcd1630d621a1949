use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A text that is not shown: a password, a key, a token.
///
/// `Debug` and `Serialize` leave it out, and there is no `Display`. In a schema
/// it is `{"type": "string", "format": "password", "writeOnly": true}`, by which
/// those who store settings and those who show them know what to encrypt and
/// what to hide.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::Secret;
/// let key = Secret::new("sk_live_4711");
/// assert_eq!(format!("{key:?}"), "Secret(…)");
/// assert_eq!(settings::serde_json::to_string(&key).unwrap(), r#""""#);
/// assert_eq!(key.expose(), "sk_live_4711", "whoever wants it says so");
/// ```
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for whoever is to have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The time that it takes tells how long the texts are, and not where they differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = own.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
        own.len() == other.len() && std::hint::black_box(differences) == 0
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// As an empty text, which in a form means "as it was": see
/// [`merge`](crate::merge).
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

impl JsonSchema for Secret {
    // A field's own description stands beside it, and so nothing has to be looked up.
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x24_a_secret_shows_in_nothing_that_prints_or_writes_it() {
        #[derive(Debug, Serialize)]
        struct Around {
            key: Secret,
            maybe: Option<Secret>,
        }
        let around =
            Around { key: Secret::new("hunter2"), maybe: Some("hunter2".to_owned().into()) };
        let shown = format!("{around:?} {around:#?} {}", serde_json::to_string(&around).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn secrets_are_equal_when_their_texts_are() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        for other in ["", "b", "aa", "A"] {
            assert_ne!(Secret::new("a"), Secret::new(other));
        }
    }
}
