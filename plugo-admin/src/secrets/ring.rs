use std::env::VarError;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use serde_json::{Map, Value};

use super::{MARK, RevealError, random};
use crate::error::Error;

/// The variable that holds the keys for secrets.
pub(crate) const KEYS: &str = "PLUGO_SECRET_KEYS";

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
pub struct KeyRing(pub(super) Arc<[(String, Key)]>);

impl KeyRing {
    /// No key: settings with secret fields are refused rather than stored in the
    /// clear.
    pub fn none() -> Self {
        KeyRing::default()
    }

    /// What the variable `PLUGO_SECRET_KEYS` holds, as [`parse`](Self::parse) reads it;
    /// no key where it is not there, or empty. The [commands](crate::Commands) `db` and
    /// `admin` go by that variable, so an app that does too has the same secrets.
    ///
    /// ```no_run
    /// use plugo_admin::{KeyRing, StoreOptions};
    /// # async fn open() -> Result<(), plugo_admin::Error> {
    /// let store = StoreOptions::new().keys(KeyRing::from_env()?).open("sqlite:///srv/db").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Secret`], which names the variable; no part of a key is in it.
    pub fn from_env() -> Result<Self, Error> {
        let wrong = |why: String| Error::Secret(format!("{KEYS}: {why}"));
        match std::env::var(KEYS) {
            Ok(keys) if keys.is_empty() => Ok(KeyRing::none()),
            Ok(keys) => KeyRing::parse(&keys).map_err(|error| wrong(error.to_string())),
            Err(VarError::NotPresent) => Ok(KeyRing::none()),
            Err(VarError::NotUnicode(_)) => Err(wrong("it is not UTF-8".to_owned())),
        }
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

    /// The encrypted form of a secret at this place, of which `row` is the
    /// [`owner`](super::owner): nobody can lay it into another place or another row.
    pub(super) fn seal(&self, secret: &Value, row: &str, pointer: &str) -> Result<Value, Error> {
        let (name, key) = self.0.first().ok_or(Error::NoKey)?;
        let nonce = random::<NONCE>()?;
        let (form, msg) = match secret {
            Value::String(text) => (TEXT, text.clone()),
            other => (JSON, other.to_string()),
        };
        let bound = bound(row, pointer);
        let payload = Payload { msg: msg.as_bytes(), aad: bound.as_bytes() };
        let sealed = XChaCha20Poly1305::new(key)
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Error::Secret("a secret field is too long to encrypt".to_owned()))?;
        let text = STANDARD.encode([&nonce[..], &sealed].concat());
        let sealed = Value::String(format!("{form}.{name}.{text}"));
        Ok(Value::Object(Map::from_iter([(MARK.to_owned(), sealed)])))
    }

    pub(super) fn open(
        &self,
        sealed: &str,
        row: &str,
        pointer: &str,
    ) -> Result<Value, RevealError> {
        let (form, name, key, text) = self.parts(sealed)?;
        let damaged = || RevealError::Damaged { key: name.to_owned() };
        let bytes = STANDARD.decode(text).map_err(|_| damaged())?;
        if bytes.len() < NONCE {
            return Err(damaged());
        }
        let (nonce, sealed) = bytes.split_at(NONCE);
        let bound = bound(row, pointer);
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        let opened = XChaCha20Poly1305::new(key).decrypt(XNonce::from_slice(nonce), payload);
        let opened = String::from_utf8(opened.map_err(|_| damaged())?).map_err(|_| damaged())?;
        match form {
            TEXT => Ok(Value::String(opened)),
            _ => serde_json::from_str(&opened).map_err(|_| damaged()),
        }
    }

    /// The form, the key with its name, and what is encrypted with it.
    pub(super) fn parts<'s>(
        &self,
        sealed: &'s str,
    ) -> Result<(&'s str, &'s str, &Key, &'s str), RevealError> {
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
}

/// What is bound to a secret: whose it is, which is a JSON array, and the place.
fn bound(row: &str, pointer: &str) -> String {
    format!("{row}{pointer}")
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "KeyRing({})", names.join(", "))
    }
}
