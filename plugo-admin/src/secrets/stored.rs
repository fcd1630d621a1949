use plugo_settings::{Form, Problem, each_secret};
use serde_json::{Value, json};

use super::sealed::{each_sealed, is_marked, keep_sealed, sealed};
use super::{KeyRing, MARK, RevealError, Settings, outermost};
use crate::error::Error;

/// So many levels settings have at most: far below what a parser of JSON refuses.
const DEEPEST: usize = 100;

impl KeyRing {
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
        // Each encrypted value is read in the place that it is bound to, and is known by a
        // number from then on: it may be kept in another one.
        let (mut known, mut before) = (Vec::new(), stored.clone());
        each_sealed(&mut before, &mut |pointer, place| {
            let opened = self.opened(place, row, pointer);
            let number = json!({ MARK: known.len().to_string() });
            let stored = std::mem::replace(place, number);
            known.push(Known { pointer: pointer.to_owned(), stored, opened });
        });
        let numbered = |value: &Value| known.get(sealed(value)?.parse::<usize>().ok()?);
        let mut merged = plugo_settings::merge(own, posted, &before);
        keep_sealed(&mut merged, &before);
        let (mut unreadable, mut secrets) = (Vec::new(), Vec::new());
        let mut plain = merged.clone();
        each_sealed(&mut plain, &mut |pointer, secret| {
            secrets.push(pointer.to_owned());
            match numbered(secret).map(|known| &known.opened) {
                Some(Ok(opened)) => *secret = opened.clone(),
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
        for schema in [own, schema] {
            let noted: Result<(), Error> = each_secret(schema, &mut plain, &mut |pointer, _| {
                secrets.push(pointer.to_owned());
                Ok(())
            });
            noted?;
        }
        // What is typed where a secret is stored is not shown either.
        let hidden = secrets.iter().chain(known.iter().map(|known| &known.pointer));
        let hidden = outermost(hidden.cloned().collect());
        let checked = match form {
            Some(form) => form.check_hiding(&plain, &hidden),
            None => plugo_settings::check_hiding(schema, &plain, &hidden),
        };
        if let Err(problems) = checked {
            return Err(NotStored::Unfit(problems.into_iter().collect()));
        }
        for pointer in outermost(secrets) {
            let (Some(place), Some(secret)) =
                (merged.pointer_mut(&pointer), plain.pointer(&pointer))
            else {
                continue;
            };
            let kept = numbered(place).filter(|known| known.pointer == pointer);
            let said_again =
                || stored.pointer(&pointer).filter(|old| self.is(old, secret, row, &pointer));
            *place = match kept.map(|known| &known.stored).or_else(said_again) {
                Some(stored) => stored.clone(),
                None => self.seal(secret, row, &pointer)?,
            };
        }
        Ok(merged)
    }

    fn opened(&self, stored: &Value, row: &str, pointer: &str) -> Result<Value, RevealError> {
        let text = sealed(stored).ok_or(RevealError::UnknownForm)?;
        self.open(text, row, pointer)
    }

    /// Whether a stored value is this secret, encrypted with the key that encrypts.
    fn is(&self, stored: &Value, secret: &Value, row: &str, pointer: &str) -> bool {
        let newest = self.0.first().map(|(name, _)| name.as_str());
        sealed(stored).is_some_and(|sealed| {
            let is_newest = self.parts(sealed).is_ok_and(|(_, name, ..)| Some(name) == newest);
            is_newest && self.open(sealed, row, pointer).is_ok_and(|opened| opened == *secret)
        })
    }

    /// Settings as the program uses them; where one secret cannot be decrypted,
    /// none of them are given.
    pub(crate) fn reveal(&self, stored: Value, row: &str) -> Result<Settings, RevealError> {
        let (mut value, mut sealed, mut failed) = (stored, Vec::new(), None);
        each_sealed(&mut value, &mut |pointer, place| {
            sealed.push(pointer.to_owned());
            match self.opened(place, row, pointer) {
                Ok(opened) => *place = opened,
                Err(why) => failed = failed.take().or(Some(why)),
            }
        });
        match failed {
            None => Ok(Settings { value, sealed }),
            Some(why) => Err(why),
        }
    }
}

/// An encrypted value of the settings of before.
struct Known {
    /// Where it is, and what it is bound to.
    pointer: String,
    stored: Value,
    opened: Result<Value, RevealError>,
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
