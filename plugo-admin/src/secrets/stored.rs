use plugo_settings::{Form, Problem, each_secret};
use serde_json::Value;

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
