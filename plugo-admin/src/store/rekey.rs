use std::error::Error as StdError;
use std::fmt;

use serde_json::Value;
use sqlx::Row;

use super::Store;
use super::attempt::{Attempt, not_committed, retried};
use super::audit::{self, Line};
use super::sql::{Bound, INSTANCE, INSTANCES, ITEM, instance, revision, update};
use crate::error::Error;
use crate::model::{Actor, InstanceId};
use crate::secrets::{NotSealedAnew, RevealError, owner};

/// The field under which the audit log has the names of keys.
const FIELD: &str = "encryption key";

/// What [`Store::rekey`] did. `Display` is for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rekeyed {
    /// The name of the key that all secrets are encrypted with now.
    pub key: String,
    /// How many instances have secrets.
    pub instances: usize,
    /// How many secrets they have.
    pub secrets: usize,
    /// The revision that shows the change.
    pub revision: i64,
}

impl fmt::Display for Rekeyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rekeyed { key, instances, secrets, .. } = self;
        match secrets {
            0 => f.write_str("no instance has a secret; nothing to do"),
            _ => write!(
                f,
                "secrets encrypted anew with the key `{key}`: {secrets}, of {instances} instances"
            ),
        }
    }
}

/// A secret that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostSecret {
    /// The instance.
    pub id: InstanceId,
    /// Item and instance as people name them.
    pub subject: String,
    /// Where it is in the settings, as a JSON pointer.
    pub pointer: String,
    /// Why it cannot be read.
    pub why: RevealError,
}

/// Why no secret was encrypted anew.
#[derive(Debug)]
#[non_exhaustive]
pub enum RekeyError {
    /// These secrets cannot be read.
    Lost(Vec<LostSecret>),
    /// The database did not do it, or there is no key.
    Store(Error),
}

impl From<Error> for RekeyError {
    fn from(error: Error) -> Self {
        RekeyError::Store(error)
    }
}

impl From<Error> for Attempt<RekeyError> {
    fn from(error: Error) -> Self {
        Attempt::Refused(error.into())
    }
}

impl fmt::Display for RekeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RekeyError::Lost(lost) => {
                f.write_str(
                    "nothing was encrypted anew, since there are secrets that cannot be read; put \
                     their keys into the key ring, or type them again:",
                )?;
                lost.iter().try_for_each(|LostSecret { subject, pointer, why, .. }| {
                    write!(f, "\n  {subject}, {pointer}: {why}")
                })
            }
            RekeyError::Store(error) => error.fmt(f),
        }
    }
}

impl StdError for RekeyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            RekeyError::Store(error) => Some(error),
            RekeyError::Lost(_) => None,
        }
    }
}

impl Store {
    /// Encrypts every secret of every instance anew, with the first key of the key
    /// ring, after which no other key is needed. All of it is one transaction, with a
    /// line of the audit log for each instance. That the actor may is for the caller
    /// to check.
    ///
    /// Other processes read what they then have only with that key, so they get it
    /// before.
    ///
    /// # Errors
    ///
    /// Nothing is done then. [`RekeyError::Lost`] where secrets cannot be read;
    /// [`Error::NoKey`], and those of the database.
    pub async fn rekey(&self, actor: &Actor) -> Result<Rekeyed, RekeyError> {
        let key = self.keys().newest()?;
        retried(|| self.rekey_once(actor, key)).await
    }

    async fn rekey_once(&self, actor: &Actor, key: &str) -> Result<Rekeyed, Attempt<RekeyError>> {
        let doing = "encrypt the secrets anew";
        let mut tx = self.begin_long_write(doing).await?;
        let before = revision(&mut tx).await.map_err(|e| self.attempt(doing, e))?;
        let sql = format!(
            "SELECT {INSTANCE}, {ITEM}, n.settings FROM {INSTANCES} ORDER BY i.name, n.name, n.id"
        );
        let stored = sqlx::query(&sql).fetch_all(&mut *tx).await;
        let stored = stored.and_then(|rows| {
            let row = |row| Ok((instance(row)?, row.try_get::<String, _>("settings")?));
            rows.iter().map(row).collect::<sqlx::Result<Vec<_>>>()
        });
        let stored = stored.map_err(|e| self.attempt(doing, e))?;
        let (mut rows, mut lines, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        let mut secrets = 0;
        for (row, settings) in stored {
            let id = row.id.to_string();
            let owner = owner(row.id, &row.item.namespace, &row.item.name);
            let mut loses = |pointer, why| {
                lost.push(LostSecret { id: row.id, subject: row.subject(), pointer, why });
            };
            let mut settings: Value = match serde_json::from_str(&settings) {
                Ok(settings) => settings,
                Err(error) => {
                    loses(String::new(), RevealError::no_json(&error));
                    continue;
                }
            };
            match self.keys().seal_anew(&mut settings, &owner) {
                Ok(anew) if anew.secrets == 0 => {}
                Ok(anew) => {
                    secrets += anew.secrets;
                    let keys = anew.keys.into_iter().collect::<Vec<_>>().join(", ");
                    let line = Line::new("changed", "instance", row.id, row.subject());
                    lines.push(line.field(FIELD, Some(keys), Some(key.to_owned())));
                    rows.push(vec![Bound::Text(id), Bound::Text(settings.to_string())]);
                }
                Err(NotSealedAnew::Lost(all)) => {
                    all.into_iter().for_each(|(pointer, why)| loses(pointer, why));
                }
                Err(NotSealedAnew::Error(error)) => return Err(error.into()),
            }
        }
        if !lost.is_empty() {
            return Err(RekeyError::Lost(lost).into());
        }
        let instances = rows.len();
        let work = async {
            update(&mut tx, "plugo_instances", &["settings"], rows).await?;
            let after = revision(&mut tx).await?;
            audit::write(&mut tx, actor, lines, after).await?;
            Ok(after)
        };
        let revision = work.await.map_err(|e| self.attempt(doing, e))?;
        match revision == before {
            true => tx.commit().await.map_err(|e| self.attempt(doing, e))?,
            false => self.commit(tx, doing).await.map_err(not_committed)?,
        }
        Ok(Rekeyed { key: key.to_owned(), instances, secrets, revision })
    }
}
