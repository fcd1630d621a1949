use std::fmt;

use plugo_settings::Problem;
use serde_json::Value;

use crate::error::{EditError, Error};
use crate::model::{Actor, Change, InstanceDetail, InstanceId, ItemRow, Version};
use crate::site::Site;
use crate::store::Edited;

/// Why settings were not saved.
#[derive(Debug)]
pub(crate) enum SaveError {
    /// They do not fit; each with its place.
    Problems(Vec<Problem>),
    /// The store did not do it.
    Edit(EditError),
}

impl From<EditError> for SaveError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Settings(problems) => SaveError::Problems(problems.into_iter().collect()),
            error => SaveError::Edit(error),
        }
    }
}

impl From<Error> for SaveError {
    fn from(error: Error) -> Self {
        SaveError::Edit(EditError::Store(error))
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Problems(problems) => match problems.len() {
                1 => f.write_str("one of the settings does not fit; nothing was saved"),
                count => write!(f, "{count} settings do not fit; nothing was saved"),
            },
            SaveError::Edit(error) => error.fmt(f),
        }
    }
}

/// Makes an instance, once its settings fit.
pub(crate) async fn create(
    site: &Site,
    actor: &Actor,
    item: &ItemRow,
    name: &str,
    settings: Value,
) -> Result<InstanceId, SaveError> {
    Ok(site.store.create_instance(actor, item.id, name, &settings).await?)
}

/// Replaces the settings of an instance, once they fit. A secret that is an empty
/// text, or not there, stays as it was.
pub(crate) async fn save(
    site: &Site,
    actor: &Actor,
    detail: &InstanceDetail,
    version: Option<Version>,
    posted: Value,
) -> Result<Edited, SaveError> {
    let row = &detail.row;
    // The store reads what is kept in the transaction that writes.
    Ok(site.store.edit(actor, &[(row.id, version)], &Change::Settings(posted)).await?)
}
