use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use serde_json::{Map, Value};

use crate::error::Error;

/// Where a schema says that a value is secret.
mod places;

pub use self::places::secret_pointers;

/// An encrypted value is an object with this one key, which no plain value of a
/// secret field is, since that is a string.
const MARK: &str = "$secret";

/// XChaCha20 takes nonces that are long enough to be drawn by chance.
const NONCE: usize = 24;

/// Keys that encrypt the secret fields of settings: the first one encrypts, and
/// all of them decrypt, so that a new key is put in front of the old one.
///
/// ```
/// use plugo_admin::KeyRing;
/// let old = KeyRing::generate("2025")?;
/// let ring = KeyRing::parse(&format!("{},{old}", KeyRing::generate("2026")?))?;
/// assert_eq!(format!("{ring:?}"), "KeyRing(2026, 2025)", "keys are not shown");
/// # Ok::<(), plugo_admin::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing(Vec<(String, Key)>);

impl KeyRing {
    /// No key: settings with secret fields are refused rather than stored in the
    /// clear.
    pub fn none() -> Self {
        KeyRing::default()
    }

    /// `name:key,name:key`, where a key is 32 bytes in Base64.
    ///
    /// # Errors
    ///
    /// [`Error::Secret`] where it has another form; the text has no part of a key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: String| Err(Error::Secret(why));
        let mut keys: Vec<(String, Key)> = Vec::new();
        for (at, part) in text.split(',').map(str::trim).enumerate() {
            let at = at + 1;
            let Some((name, key)) = part.split_once(':') else {
                return wrong(format!("key {at} of the key ring has no name; write name:key"));
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return wrong(format!(
                    "the name of key {at} of the key ring may have letters, digits, `-` and `_`"
                ));
            }
            let Ok(Ok(bytes)) = STANDARD.decode(key).map(<[u8; 32]>::try_from) else {
                return wrong(format!(
                    "the key `{name}` of the key ring is not 32 bytes in Base64"
                ));
            };
            if keys.iter().any(|(known, _)| known == name) {
                return wrong(format!("the key ring has two keys that are called `{name}`"));
            }
            keys.push((name.to_owned(), bytes.into()));
        }
        Ok(KeyRing(keys))
    }

    /// A new key, as text for the variable that holds the key ring.
    ///
    /// # Errors
    ///
    /// [`Error::Secret`] where the system gives no random bytes.
    pub fn generate(name: &str) -> Result<String, Error> {
        Ok(format!("{name}:{}", STANDARD.encode(random::<32>()?)))
    }

    /// Whether there is no key in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The encrypted form of a secret of this instance: nobody can lay it into
    /// another row.
    fn seal(&self, secret: &str, row: &str) -> Result<Value, Error> {
        let Some((name, key)) = self.0.first() else {
            return Err(Error::Secret(
                "these settings have a secret field, and there is no key to encrypt it with; set \
                 PLUGO_SECRET_KEYS to name:key, with 32 random bytes in Base64 as the key"
                    .to_owned(),
            ));
        };
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: secret.as_bytes(), aad: row.as_bytes() };
        let sealed = XChaCha20Poly1305::new(key)
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Error::Secret("a secret field is too long to encrypt".to_owned()))?;
        let text = STANDARD.encode([&nonce[..], &sealed].concat());
        let sealed = Value::String(format!("1.{name}.{text}"));
        Ok(Value::Object(Map::from_iter([(MARK.to_owned(), sealed)])))
    }

    fn open(&self, sealed: &str, row: &str) -> Result<String, String> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("1"), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(
                "a secret field has an encrypted form that this program does not know".into()
            );
        };
        let Some((_, key)) = self.0.iter().find(|(known, _)| known == name) else {
            return Err(format!(
                "a secret field is encrypted with the key `{name}`, which is not in the key ring"
            ));
        };
        let damaged = || {
            format!(
                "a secret field does not decrypt with the key `{name}`: it is damaged, or of another row"
            )
        };
        let bytes = STANDARD.decode(text).map_err(|_| damaged())?;
        if bytes.len() < NONCE {
            return Err(damaged());
        }
        let (nonce, sealed) = bytes.split_at(NONCE);
        let payload = Payload { msg: sealed, aad: row.as_bytes() };
        let opened = XChaCha20Poly1305::new(key).decrypt(XNonce::from_slice(nonce), payload);
        String::from_utf8(opened.map_err(|_| damaged())?).map_err(|_| damaged())
    }

    /// Settings as they are stored: secret fields encrypted. A secret field that is
    /// not there keeps what is stored, and `null` takes it away.
    pub(crate) fn store(
        &self,
        schema: &Value,
        mut settings: Value,
        stored: &Value,
        row: &str,
    ) -> Result<Value, Error> {
        if !sealed_pointers(&settings).is_empty() {
            return Err(Error::Secret(format!("a field of settings may not be called `{MARK}`")));
        }
        let mut taken = Vec::new();
        for pointer in secret_pointers(schema, &settings) {
            match settings.pointer(&pointer) {
                Some(Value::String(secret)) => {
                    let sealed = self.seal(secret, row)?;
                    places::set(&mut settings, &pointer, sealed);
                }
                Some(Value::Null) | None => {
                    places::remove(&mut settings, &pointer);
                    taken.push(pointer);
                }
                Some(_) => {
                    let why = format!("the secret field `{pointer}` must be a text");
                    return Err(Error::Secret(why));
                }
            }
        }
        for pointer in sealed_pointers(stored) {
            let Some(sealed) = stored.pointer(&pointer) else { continue };
            let same_place = same_elements(&settings, stored, &pointer);
            if same_place && !taken.contains(&pointer) && settings.pointer(&pointer).is_none() {
                places::set(&mut settings, &pointer, sealed.clone());
                // The field may belong to a variant that is not chosen any more.
                if !secret_pointers(schema, &settings).contains(&pointer) {
                    places::remove(&mut settings, &pointer);
                }
            }
        }
        Ok(settings)
    }

    /// Settings as the program uses them; where one secret cannot be decrypted,
    /// none of them are given.
    pub(crate) fn reveal(&self, stored: Value, row: &str) -> Result<Settings, String> {
        fn walk(ring: &KeyRing, value: Value, row: &str) -> Result<Value, String> {
            if let Some(sealed) = sealed(&value) {
                return ring.open(sealed, row).map(Value::String);
            }
            Ok(match value {
                Value::Array(values) => values
                    .into_iter()
                    .map(|value| walk(ring, value, row))
                    .collect::<Result<_, _>>()?,
                Value::Object(fields) => Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| Ok((name, walk(ring, value, row)?)))
                        .collect::<Result<_, String>>()?,
                ),
                value => value,
            })
        }
        walk(self, stored, row).map(Settings)
    }
}

/// Settings of an instance, with its secrets in the clear, as the plugin gets
/// them. `Debug` shows none of it.
#[derive(Clone, PartialEq)]
pub struct Settings(Value);

impl Settings {
    /// The value, secrets and all: for the plugin, and for nobody else.
    pub fn reveal(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings(…)")
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "KeyRing({})", names.join(", "))
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Secret(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

fn sealed(value: &Value) -> Option<&str> {
    value.as_object().filter(|fields| fields.len() == 1)?.get(MARK)?.as_str()
}

/// Where values are encrypted.
fn sealed_pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places::walk(value, &mut String::new(), &mut |pointer, value| {
        let is_sealed = value.as_object().is_some_and(|fields| fields.contains_key(MARK));
        if is_sealed {
            found.push(pointer.to_owned());
        }
        is_sealed
    });
    found
}

/// Settings without what is secret by the schema or encrypted, and where that
/// was.
pub(crate) fn without_secrets(schema: Option<&Value>, stored: &Value) -> (Value, Vec<String>) {
    let mut pointers = schema.map_or_else(Vec::new, |schema| secret_pointers(schema, stored));
    pointers.extend(sealed_pointers(stored));
    pointers.sort();
    pointers.dedup();
    let mut shown = stored.clone();
    // From the end, so that what is taken out of a list moves nothing else.
    for pointer in pointers.iter().rev() {
        places::remove(&mut shown, pointer);
    }
    (shown, pointers)
}

/// Whether every element of a list on the way to a pointer is the same in both,
/// but for what is secret: a secret stays with the element that it belongs to.
fn same_elements(settings: &Value, stored: &Value, pointer: &str) -> bool {
    let ends = pointer.match_indices('/').map(|(at, _)| at).skip(1).chain([pointer.len()]);
    let mut parent = (settings, stored);
    for end in ends {
        let pair = (settings.pointer(&pointer[..end]), stored.pointer(&pointer[..end]));
        if parent.1.is_array() {
            let (Some(new), Some(old)) = pair else { return false };
            if without_secrets(None, new).0 != without_secrets(None, old).0 {
                return false;
            }
        }
        match pair {
            (Some(new), Some(old)) => parent = (new, old),
            _ => return end == pointer.len() && parent.0.is_object(),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ring(name: &str) -> KeyRing {
        KeyRing::parse(&KeyRing::generate(name).unwrap()).unwrap()
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "user": { "type": "string" },
                "password": { "$ref": "#/$defs/Secret" },
                "backup": { "anyOf": [{ "$ref": "#/$defs/Secret" }, { "type": "null" }] },
                "accounts": { "type": "array", "items": { "$ref": "#/$defs/Account" } },
            },
            "$defs": {
                "Secret": { "type": "string", "format": "password", "writeOnly": true },
                "Account": { "properties": { "id": {}, "key": { "$ref": "#/$defs/Secret" } } },
            },
        })
    }

    #[test]
    fn secrets_are_stored_encrypted_and_come_back() {
        let ring = ring("a");
        let plain = json!({ "user": "ann", "password": "s3cret-1", "accounts": [{ "id": 1, "key": "s3cret-2" }] });
        let stored = ring.store(&schema(), plain.clone(), &json!({}), "row").unwrap();
        assert!(!stored.to_string().contains("s3cret"), "{stored}");
        assert_eq!(ring.reveal(stored.clone(), "row").unwrap().reveal(), &plain);
        let (shown, pointers) = without_secrets(Some(&schema()), &stored);
        assert_eq!(shown, json!({ "user": "ann", "accounts": [{ "id": 1 }] }));
        assert_eq!(pointers, ["/accounts/0/key", "/password"]);
        // Not in another row, and not with another key.
        assert!(ring.reveal(stored.clone(), "other").unwrap_err().contains("damaged"));
        let other = self::ring("b").reveal(stored, "row").unwrap_err();
        assert!(other.contains("the key `a`"), "{other}");
    }

    #[test]
    fn what_is_not_said_anew_is_kept() {
        let ring = ring("a");
        let plain = json!({ "password": "p", "backup": "b", "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] });
        let stored = ring.store(&schema(), plain, &json!({}), "row").unwrap();
        let edit = |new: Value| {
            let stored = ring.store(&schema(), new, &stored, "row").unwrap();
            ring.reveal(stored, "row").unwrap().reveal().clone()
        };
        assert_eq!(
            edit(json!({ "user": "x", "backup": null, "accounts": [{ "id": 1 }, { "id": 2 }] })),
            json!({ "user": "x", "password": "p", "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] }),
        );
        // An element that is another one does not get its neighbour's secret.
        assert_eq!(
            edit(json!({ "password": "q", "accounts": [{ "id": 2 }] })),
            json!({ "password": "q", "backup": "b", "accounts": [{ "id": 2 }] }),
        );
    }

    #[test]
    fn a_key_ring_turns_over() {
        let (old, new) = (KeyRing::generate("old").unwrap(), KeyRing::generate("new").unwrap());
        let stored = KeyRing::parse(&old)
            .unwrap()
            .store(&schema(), json!({ "password": "p" }), &json!({}), "row")
            .unwrap();
        let both = KeyRing::parse(&format!("{new},{old}")).unwrap();
        let plain = both.reveal(stored, "row").unwrap();
        let again = both.store(&schema(), plain.reveal().clone(), &json!({}), "row").unwrap();
        assert_eq!(KeyRing::parse(&new).unwrap().reveal(again, "row").unwrap(), plain);
    }

    #[test]
    fn nothing_secret_is_shown_or_stored_in_the_clear() {
        let ring = ring("a");
        assert!(
            KeyRing::none()
                .store(&schema(), json!({ "password": "p" }), &json!({}), "row")
                .is_err()
        );
        for hostile in [json!({ "password": 7 }), json!({ "user": { "$secret": "1.a.x" } })] {
            let error = ring.store(&schema(), hostile, &json!({}), "row").unwrap_err();
            assert!(matches!(error, Error::Secret(_)), "{error}");
        }
        assert_eq!(format!("{:?}", Settings(json!({ "password": "p" }))), "Settings(…)");
        let key = KeyRing::generate("a").unwrap();
        for wrong in
            [key[2..].to_owned(), format!("{key},{key}"), format!("{key}x"), "a:AAAA".into()]
        {
            let error = KeyRing::parse(&wrong).unwrap_err().to_string();
            assert!(!error.contains(&key[2..20]), "{error}");
        }
    }
}
