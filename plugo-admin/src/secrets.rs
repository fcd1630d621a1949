use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use plugo_settings::{Form, Problem, each_secret};
use serde_json::{Map, Value};

use crate::error::Error;

/// Why settings cannot be read.
mod reveal_error;
/// Settings as the database has them.
mod sealed;
/// Settings and texts as anybody may see them.
mod hidden;
/// Secrets under another key.
mod anew;

pub(crate) use self::anew::NotSealedAnew;
pub use self::reveal_error::RevealError;
pub use self::sealed::SealedSettings;
pub(crate) use self::sealed::shown;
use self::sealed::{each_sealed, is_marked, keep_sealed, sealed};

/// An encrypted value is an object with this one key, which no field of settings
/// may be called.
const MARK: &str = "$secret";

/// So many levels settings have at most: far below what a parser of JSON refuses.
const DEEPEST: usize = 100;

/// What is encrypted is a text.
const TEXT: &str = "1";

/// What is encrypted is JSON.
const JSON: &str = "2";

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
pub struct KeyRing(Arc<[(String, Key)]>);

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
        Ok(KeyRing(keys.into()))
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
    fn seal(&self, secret: &Value, row: &str) -> Result<Value, Error> {
        let (name, key) = self.0.first().ok_or(Error::NoKey)?;
        let nonce = random::<NONCE>()?;
        let (form, msg) = match secret {
            Value::String(text) => (TEXT, text.clone()),
            other => (JSON, other.to_string()),
        };
        let payload = Payload { msg: msg.as_bytes(), aad: row.as_bytes() };
        let sealed = XChaCha20Poly1305::new(key)
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Error::Secret("a secret field is too long to encrypt".to_owned()))?;
        let text = STANDARD.encode([&nonce[..], &sealed].concat());
        let sealed = Value::String(format!("{form}.{name}.{text}"));
        Ok(Value::Object(Map::from_iter([(MARK.to_owned(), sealed)])))
    }

    fn open(&self, sealed: &str, row: &str) -> Result<Value, RevealError> {
        let (form, name, key, text) = self.parts(sealed)?;
        let damaged = || RevealError::Damaged { key: name.to_owned() };
        let bytes = STANDARD.decode(text).map_err(|_| damaged())?;
        if bytes.len() < NONCE {
            return Err(damaged());
        }
        let (nonce, sealed) = bytes.split_at(NONCE);
        let payload = Payload { msg: sealed, aad: row.as_bytes() };
        let opened = XChaCha20Poly1305::new(key).decrypt(XNonce::from_slice(nonce), payload);
        let opened = String::from_utf8(opened.map_err(|_| damaged())?).map_err(|_| damaged())?;
        match form {
            TEXT => Ok(Value::String(opened)),
            _ => serde_json::from_str(&opened).map_err(|_| damaged()),
        }
    }

    /// The form, the key with its name, and what is encrypted with it.
    fn parts<'s>(&self, sealed: &'s str) -> Result<(&'s str, &'s str, &Key, &'s str), RevealError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(form @ (TEXT | JSON)), Some(name), Some(text)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(RevealError::UnknownForm);
        };
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, key)) => Ok((form, name, key, text)),
            None => Err(RevealError::UnknownKey { key: name.to_owned() }),
        }
    }

    /// What was posted with the secrets of before where it says nothing about them,
    /// as it is stored: with each secret encrypted. What is kept, or said again, stays
    /// as it is stored.
    ///
    /// The program's own form decides what fits. What is secret by it, by the
    /// schema of the database or by how it is stored is encrypted: processes of two
    /// versions may run at once.
    pub(crate) fn store(
        &self,
        form: Option<&Form>,
        schema: &Value,
        posted: Value,
        stored: &Value,
        row: &str,
    ) -> Result<Value, NotStored> {
        if is_marked(&posted) {
            let why = format!("has a field that is called `{MARK}`, which means something else");
            return Err(NotStored::Unfit(vec![Problem::new("", why)]));
        }
        if depth(&posted) > DEEPEST {
            let why = format!("is nested deeper than {DEEPEST} levels");
            return Err(NotStored::Unfit(vec![Problem::new("", why)]));
        }
        let own = form.map_or(schema, Form::schema);
        let mut merged = plugo_settings::merge(own, posted, stored);
        keep_sealed(&mut merged, stored);
        let mut unreadable = Vec::new();
        let mut plain = merged.clone();
        let mut secrets = Vec::new();
        each_sealed(&mut plain, &mut |pointer, secret| {
            secrets.push(pointer.to_owned());
            match sealed(secret).map(|sealed| self.open(sealed, row)) {
                Some(Ok(opened)) => *secret = opened,
                Some(Err(why)) => {
                    let why = format!("cannot be kept: {why}; type it again");
                    unreadable.push(Problem::new(pointer, why));
                }
                None => {}
            }
        });
        if !unreadable.is_empty() {
            return Err(NotStored::Unfit(unreadable));
        }
        let checked = match form {
            Some(form) => form.check(&plain),
            None => plugo_settings::check(schema, &plain),
        };
        if let Err(problems) = checked {
            return Err(NotStored::Unfit(problems.into_iter().collect()));
        }
        for schema in [own, schema] {
            let noted: Result<(), Error> = each_secret(schema, &mut plain, &mut |pointer, _| {
                secrets.push(pointer.to_owned());
                Ok(())
            });
            noted?;
        }
        for pointer in outermost(secrets) {
            let (Some(place), Some(secret)) =
                (merged.pointer_mut(&pointer), plain.pointer(&pointer))
            else {
                continue;
            };
            if sealed(place).is_none() {
                let said_again = stored.pointer(&pointer).filter(|old| self.is(old, secret, row));
                *place = match said_again {
                    Some(old) => old.clone(),
                    None => self.seal(secret, row)?,
                };
            }
        }
        Ok(merged)
    }

    /// Whether a stored value is this secret, encrypted with the key that encrypts.
    fn is(&self, stored: &Value, secret: &Value, row: &str) -> bool {
        let newest = self.0.first().map(|(name, _)| name.as_str());
        sealed(stored).is_some_and(|sealed| {
            let is_newest = self.parts(sealed).is_ok_and(|(_, name, ..)| Some(name) == newest);
            is_newest && self.open(sealed, row).is_ok_and(|opened| opened == *secret)
        })
    }

    /// Settings as the program uses them; where one secret cannot be decrypted,
    /// none of them are given.
    pub(crate) fn reveal(&self, stored: Value, row: &str) -> Result<Settings, RevealError> {
        fn walk(ring: &KeyRing, value: Value, row: &str) -> Result<Value, RevealError> {
            if let Some(sealed) = sealed(&value) {
                return ring.open(sealed, row);
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
                        .collect::<Result<_, RevealError>>()?,
                ),
                value => value,
            })
        }
        let mut sealed = Vec::new();
        each_sealed(&mut stored.clone(), &mut |pointer, _| sealed.push(pointer.to_owned()));
        let value = walk(self, stored, row)?;
        Ok(Settings { value, sealed })
    }
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

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Why settings are not stored.
#[derive(Debug)]
pub(crate) enum NotStored {
    /// They do not fit their schema.
    Unfit(Vec<Problem>),
    /// They cannot be encrypted.
    Error(Error),
}

impl From<Error> for NotStored {
    fn from(error: Error) -> Self {
        NotStored::Error(error)
    }
}

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ring(name: &str) -> KeyRing {
        KeyRing::parse(&KeyRing::generate(name).unwrap()).unwrap()
    }

    impl KeyRing {
        fn seals(
            &self,
            schema: &Value,
            posted: Value,
            stored: &Value,
            row: &str,
        ) -> Result<Value, NotStored> {
            self.store(None, schema, posted, stored, row)
        }
    }

    fn plain(value: Value) -> Settings {
        Settings { value, sealed: Vec::new() }
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
        let stored = ring.seals(&schema(), plain.clone(), &json!({}), "row").unwrap();
        assert!(!stored.to_string().contains("s3cret"), "{stored}");
        assert_eq!(ring.reveal(stored.clone(), "row").unwrap().reveal(), &plain);
        let (shown, pointers) = shown(Some(&schema()), &stored);
        let empty = json!({ "user": "ann", "password": "", "accounts": [{ "id": 1, "key": "" }] });
        assert_eq!(shown, empty);
        assert_eq!(pointers, ["/accounts/0/key", "/password"]);
        // Not in another row, and not with another key.
        let damaged = RevealError::Damaged { key: "a".to_owned() };
        assert_eq!(ring.reveal(stored.clone(), "other").unwrap_err(), damaged);
        let other = self::ring("b").reveal(stored, "row").unwrap_err();
        assert_eq!(other, RevealError::UnknownKey { key: "a".to_owned() });
        assert!(other.to_string().contains("the key `a`"), "{other}");
    }

    #[test]
    fn x24_secrets_are_encrypted_however_deep_and_of_whatever_kind_they_are() {
        let schema = json!({
            "properties": { "root": { "$ref": "#/$defs/Tree" } },
            "$defs": { "Tree": { "type": "object", "properties": {
                "key": { "type": "string", "format": "password" },
                "all": { "type": "object", "writeOnly": true },
                "next": { "anyOf": [{ "$ref": "#/$defs/Tree" }, { "type": "null" }] },
            } } },
        });
        let mut plain = json!({ "key": "s3cret-0", "all": { "s3cret": 1 } });
        for depth in 1..60 {
            plain = json!({ "key": format!("s3cret-{depth}"), "next": plain });
        }
        let (ring, plain) = (ring("a"), json!({ "root": plain }));
        let stored = ring.seals(&schema, plain.clone(), &json!({}), "row").unwrap();
        assert!(!stored.to_string().contains("s3cret"), "{stored}");
        assert_eq!(stored.to_string().matches(MARK).count(), 61);
        assert_eq!(ring.reveal(stored.clone(), "row").unwrap().reveal(), &plain);
        let (shown, pointers) = shown(Some(&schema), &stored);
        assert!(!shown.to_string().contains(MARK), "{shown}");
        assert_eq!(pointers.len(), 61);
        assert_eq!(ring.seals(&schema, shown, &stored, "row").unwrap(), stored);
    }

    #[test]
    fn what_is_not_said_anew_is_kept_as_it_is_stored() {
        let ring = ring("a");
        let plain = json!({ "password": "p", "backup": "b", "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] });
        let stored = ring.seals(&schema(), plain, &json!({}), "row").unwrap();
        let edit = |new: Value| {
            let stored = ring.seals(&schema(), new, &stored, "row").unwrap();
            ring.reveal(stored, "row").unwrap().reveal().clone()
        };
        assert_eq!(
            edit(
                json!({ "user": "x", "backup": null, "accounts": [{ "id": 1, "key": "" }, { "id": 2 }] })
            ),
            json!({ "user": "x", "password": "p", "backup": null, "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] }),
        );
        // An element that is another one does not get its neighbour's secret.
        assert_eq!(
            edit(json!({ "password": "q", "accounts": [{ "id": 3 }] })),
            json!({ "password": "q", "backup": "b", "accounts": [{ "id": 3 }] }),
        );
        // What is said again is no change.
        let again =
            json!({ "password": "p", "backup": "", "accounts": stored["accounts"].clone() });
        let (accounts, _) = shown(Some(&schema()), &again["accounts"]);
        let again = json!({ "password": "p", "backup": "", "accounts": accounts });
        assert_eq!(ring.seals(&schema(), again, &stored, "row").unwrap(), stored);
        // What cannot be decrypted cannot be held against the schema, so it is typed again.
        let refused = self::ring("b").seals(&schema(), json!({}), &stored, "row").unwrap_err();
        let NotStored::Unfit(problems) = refused else { panic!("{refused:?}") };
        let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("the key `a`, which is not in the key ring"), "{said:?}");
        let anew = json!({ "password": "new", "backup": "new", "accounts": [] });
        self::ring("b").seals(&schema(), anew, &stored, "row").unwrap();
    }

    #[test]
    fn a_key_ring_turns_over() {
        let (old, new) = (KeyRing::generate("old").unwrap(), KeyRing::generate("new").unwrap());
        let stored = KeyRing::parse(&old)
            .unwrap()
            .seals(&schema(), json!({ "password": "p" }), &json!({}), "row")
            .unwrap();
        let both = KeyRing::parse(&format!("{new},{old}")).unwrap();
        let plain = both.reveal(stored.clone(), "row").unwrap();
        let again = both.seals(&schema(), plain.reveal().clone(), &stored, "row").unwrap();
        assert_eq!(KeyRing::parse(&new).unwrap().reveal(again, "row").unwrap(), plain);
    }

    #[test]
    fn nothing_secret_is_shown_or_stored_in_the_clear() {
        let ring = ring("a");
        assert!(
            KeyRing::none()
                .seals(&schema(), json!({ "password": "p" }), &json!({}), "row")
                .is_err()
        );
        let mut deep = json!("7357");
        (0..110).for_each(|_| deep = json!([deep]));
        for hostile in [
            json!({ "password": 7357 }),
            json!({ "user": { "$secret": "1.a.7357" } }),
            json!({ "user": deep }),
        ] {
            let error = ring.seals(&schema(), hostile, &json!({}), "row").unwrap_err();
            let NotStored::Unfit(problems) = error else { panic!("{error:?}") };
            assert!(!format!("{problems:?}").contains("7357"), "{problems:?}");
        }
        assert_eq!(format!("{:?}", plain(json!({ "password": "p" }))), "Settings(…)");
        let key = KeyRing::generate("a").unwrap();
        for wrong in
            [key[2..].to_owned(), format!("{key},{key}"), format!("{key}x"), "a:AAAA".into()]
        {
            let error = KeyRing::parse(&wrong).unwrap_err().to_string();
            assert!(!error.contains(&key[2..20]), "{error}");
        }
    }

    #[test]
    fn x24_what_is_stored_encrypted_stays_a_secret_whatever_the_schema_says_now() {
        let ring = ring("a");
        let posted = json!({ "user": "ann", "password": "s3cret" });
        let stored = ring.seals(&schema(), posted, &json!({}), "row").unwrap();
        let unmarked = json!({ "properties": { "user": {}, "password": { "type": "string" } } });
        for schema in [unmarked.clone(), json!({ "properties": { "user": {} } })] {
            let revealed = ring.reveal(stored.clone(), "row").unwrap();
            let empty = json!({ "user": "ann", "password": "" });
            assert_eq!(revealed.shown(&schema), (empty, vec!["/password".to_owned()]));
            assert_eq!(revealed.hide(Some(&schema), "no s3cret"), "no (secret)");
        }
        // What is shown and comes back changes nothing, and what is typed is in the clear
        // only from then on.
        let (shown, _) = ring.reveal(stored.clone(), "row").unwrap().shown(&unmarked);
        assert_eq!(ring.seals(&unmarked, shown, &stored, "row").unwrap(), stored);
        let typed = json!({ "password": "new" });
        assert_eq!(ring.seals(&unmarked, typed.clone(), &stored, "row").unwrap(), typed);
    }

    #[test]
    fn x24_what_is_secret_by_the_program_or_the_database_is_encrypted() {
        #[derive(plugo_settings::serde::Deserialize, plugo_settings::schemars::JsonSchema)]
        #[serde(crate = "plugo_settings::serde")]
        #[schemars(crate = "plugo_settings::schemars")]
        struct New {
            #[expect(dead_code, reason = "only its schema is looked at")]
            key: plugo_settings::Secret,
            #[expect(dead_code, reason = "only its schema is looked at")]
            user: String,
        }
        let (ring, form) = (ring("a"), Form::of::<New>());
        // The database is of a version in which `key` was a text and `user` a secret.
        let old = json!({ "type": "object", "additionalProperties": false,
            "properties": { "key": { "type": "string" } } });
        let posted = json!({ "key": "s3cret", "user": "ann" });
        let stored = ring.store(Some(&form), &old, posted.clone(), &json!({}), "row").unwrap();
        assert!(!stored.to_string().contains("s3cret"), "{stored}");
        let old = json!({ "properties": { "key": {}, "user": { "writeOnly": true } } });
        let stored = ring.store(Some(&form), &old, posted.clone(), &stored, "row").unwrap();
        assert_eq!(stored.to_string().matches(MARK).count(), 2, "{stored}");
        assert_eq!(ring.reveal(stored, "row").unwrap().reveal(), &posted);
    }
}
