use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::model::InstanceId;

/// Why settings cannot be read.
mod reveal_error;
/// The keys, and what is encrypted with them.
mod ring;
/// Settings as the database has them.
mod sealed;
/// Settings on their way into the database and out of it.
mod stored;
/// Settings and texts as anybody may see them.
mod hidden;
/// Secrets under another key.
mod anew;

pub(crate) use self::anew::NotSealedAnew;
pub use self::reveal_error::RevealError;
#[cfg(feature = "command")]
pub(crate) use self::ring::KEYS;
pub use self::ring::KeyRing;
pub use self::sealed::SealedSettings;
pub(crate) use self::sealed::shown;
pub(crate) use self::stored::NotStored;

/// An encrypted value is an object with this one key, which no field of settings
/// may be called.
const MARK: &str = "$secret";

/// Settings of an instance, with its secrets in the clear, as the plugin gets
/// them. `Debug` shows none of it.
#[derive(Clone, PartialEq)]
pub struct Settings {
    value: Value,
    /// Where they are stored encrypted: there is a secret, whatever a schema says.
    sealed: Vec<String>,
}

impl Settings {
    /// The value, secrets and all: for the plugin, and for nobody else.
    pub fn reveal(&self) -> &Value {
        &self.value
    }

    /// Where they are stored encrypted, as JSON pointers: what is said of these places
    /// may not show their values.
    pub(crate) fn sealed(&self) -> &[String] {
        &self.sealed
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings(…)")
    }
}

/// Whose secrets they are: an instance's, as long as it is of this item. Without the
/// item, whoever writes the database could make it an instance of another one, which
/// shows what stands in that place.
pub(crate) fn owner(id: InstanceId, namespace: &str, item: &str) -> String {
    Value::from([&*id.to_string(), namespace, item]).to_string()
}

/// Pointers that are not within another one.
fn outermost(mut pointers: Vec<String>) -> Vec<String> {
    pointers.sort_by_key(String::len);
    let mut outer: Vec<String> = Vec::new();
    for pointer in pointers {
        let is_within = |of: &String| {
            pointer
                .strip_prefix(of.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !outer.iter().any(is_within) {
            outer.push(pointer);
        }
    }
    outer
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Secret(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
