use std::collections::BTreeSet;

use serde_json::Value;

use super::sealed::{each_sealed, sealed};
use super::{KeyRing, RevealError};
use crate::error::Error;

/// What was encrypted anew within settings.
#[derive(Debug, Default)]
pub(crate) struct SealedAnew {
    /// How many secrets.
    pub(crate) secrets: usize,
    /// The names of the keys that they were encrypted with.
    pub(crate) keys: BTreeSet<String>,
}

/// Why secrets were not encrypted anew.
#[derive(Debug)]
pub(crate) enum NotSealedAnew {
    /// They cannot be read: each with its place.
    Lost(Vec<(String, RevealError)>),
    /// They cannot be encrypted.
    Error(Error),
}

impl KeyRing {
    /// The name of the key that encrypts.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`].
    pub(crate) fn newest(&self) -> Result<&str, Error> {
        self.0.first().map(|(name, _)| name.as_str()).ok_or(Error::NoKey)
    }

    /// Encrypts each secret of stored settings anew, with the key that encrypts now.
    pub(crate) fn seal_anew(
        &self,
        stored: &mut Value,
        row: &str,
    ) -> Result<SealedAnew, NotSealedAnew> {
        let (mut anew, mut lost, mut failed) = (SealedAnew::default(), Vec::new(), None);
        each_sealed(stored, &mut |pointer, place| {
            let opened = sealed(place).ok_or(RevealError::UnknownForm).and_then(|text| {
                let (_, key, ..) = self.parts(text)?;
                Ok((key.to_owned(), self.open(text, row, pointer)?))
            });
            match opened.map(|(key, secret)| (key, self.seal(&secret, row, pointer))) {
                Ok((key, Ok(new))) => {
                    *place = new;
                    anew.secrets += 1;
                    anew.keys.insert(key);
                }
                Ok((_, Err(error))) => failed = Some(error),
                Err(why) => lost.push((pointer.to_owned(), why)),
            }
        });
        match failed {
            Some(error) => Err(NotSealedAnew::Error(error)),
            None if lost.is_empty() => Ok(anew),
            None => Err(NotSealedAnew::Lost(lost)),
        }
    }
}
