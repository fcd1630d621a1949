use std::fmt;

use plugo_settings::each_secret;
use serde_json::Value;

use super::{KeyRing, MARK, RevealError, Settings};

/// Settings of an instance as the database has them, with their secrets encrypted.
/// They are read when the instance is made.
#[derive(Clone)]
pub struct SealedSettings {
    stored: Box<str>,
    /// What the secrets are bound to.
    row: Box<str>,
    keys: KeyRing,
}

impl SealedSettings {
    pub(crate) fn new(stored: String, row: String, keys: KeyRing) -> Self {
        SealedSettings { stored: stored.into(), row: row.into(), keys }
    }

    /// The settings with their secrets: for the plugin, and for nobody else.
    ///
    /// # Errors
    ///
    /// [`RevealError`]: they are no JSON, or a secret does not decrypt.
    pub fn reveal(&self) -> Result<Settings, RevealError> {
        self.keys.reveal(self.parsed()?, &self.row)
    }

    /// Why they cannot be used, as far as that shows without decrypting anything.
    pub(crate) fn trouble(&self) -> Option<RevealError> {
        fn walk(keys: &KeyRing, value: &Value) -> Result<(), RevealError> {
            if let Some(sealed) = sealed(value) {
                return keys.parts(sealed).map(drop);
            }
            match value {
                Value::Array(values) => values.iter().try_for_each(|value| walk(keys, value)),
                Value::Object(fields) => fields.values().try_for_each(|value| walk(keys, value)),
                _ => Ok(()),
            }
        }
        self.parsed().and_then(|value| walk(&self.keys, &value)).err()
    }

    fn parsed(&self) -> Result<Value, RevealError> {
        serde_json::from_str(&self.stored).map_err(|error| RevealError::no_json(&error))
    }
}

/// Whether they are stored alike; no secret is looked at.
impl PartialEq for SealedSettings {
    fn eq(&self, other: &Self) -> bool {
        self.stored == other.stored
    }
}

impl fmt::Debug for SealedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSettings(…)")
    }
}

/// What is encrypted in a value that is.
pub(super) fn sealed(value: &Value) -> Option<&str> {
    value.as_object().filter(|fields| fields.len() == 1)?.get(MARK)?.as_str()
}

/// Whether there is something within a value that passes for encrypted.
pub(super) fn is_marked(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_marked),
        Value::Object(fields) => fields.contains_key(MARK) || fields.values().any(is_marked),
        _ => false,
    }
}

/// Settings with an empty text in the place of what is secret by the schema or
/// encrypted, and where something is.
pub(crate) fn shown(schema: Option<&Value>, stored: &Value) -> (Value, Vec<String>) {
    let mut shown = stored.clone();
    let mut pointers = Vec::new();
    let mut hide = |pointer: &str, secret: &mut Value| {
        if secret.as_str() != Some("") {
            pointers.push(pointer.to_owned());
        }
        *secret = Value::String(String::new());
        Ok::<(), std::convert::Infallible>(())
    };
    if let Some(schema) = schema {
        let _ = each_secret(schema, &mut shown, &mut hide);
    }
    // What was a secret when it was stored stays one, whatever the schema says now.
    each_sealed(&mut shown, &mut |pointer, secret| {
        let _ = hide(pointer, secret);
    });
    pointers.sort();
    (shown, pointers)
}

/// Calls a function for each value that is encrypted, with its JSON pointer.
pub(super) fn each_sealed(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    walk(value, &mut String::new(), visit);
}

fn walk(value: &mut Value, at: &mut String, visit: &mut impl FnMut(&str, &mut Value)) {
    if value.get(MARK).is_some() {
        return visit(at, value);
    }
    let end = at.len();
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter_mut().enumerate() {
                at.push_str(&format!("/{index}"));
                walk(value, at, visit);
                at.truncate(end);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                walk(value, at, visit);
                at.truncate(end);
            }
        }
        _ => {}
    }
}

/// Puts back what is encrypted where an empty text stands for it: also where the
/// schema calls it no secret any more. In lists nobody knows which is which, unless
/// the whole list comes back as it was shown.
pub(super) fn keep_sealed(posted: &mut Value, stored: &Value) {
    match (posted, stored) {
        (Value::Object(posted), Value::Object(stored)) => {
            for (name, posted) in posted {
                match stored.get(name) {
                    Some(old) if sealed(old).is_some() && posted.as_str() == Some("") => {
                        *posted = old.clone();
                    }
                    Some(old) => keep_sealed(posted, old),
                    None => {}
                }
            }
        }
        (posted @ Value::Array(_), Value::Array(_)) if emptied(posted) == emptied(stored) => {
            *posted = stored.clone();
        }
        _ => {}
    }
}

/// A value with an empty text for each secret that is encrypted.
fn emptied(value: &Value) -> Value {
    let mut emptied = value.clone();
    each_sealed(&mut emptied, &mut |_, secret| *secret = Value::String(String::new()));
    emptied
}
