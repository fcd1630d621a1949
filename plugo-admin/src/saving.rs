use std::fmt;

use plugo_settings::{Form, Problem, merge};
use serde_json::{Map, Value};

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
    schema: &Value,
    name: &str,
    settings: Value,
) -> Result<InstanceId, SaveError> {
    check(site, item, schema, &settings)?;
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
    let Some(schema) = detail.schema.as_ref().filter(|_| !row.is_default) else {
        let why = format!("`{}` has no settings", row.item.full_name());
        return Err(EditError::Invalid(why).into());
    };
    let Some((_, revealed)) = site.store.revealed(row.id).await? else {
        return Err(EditError::NotFound(row.id).into());
    };
    let target = [(row.id, version)];
    let edit = |settings| async move {
        let change = Change::Settings(settings);
        site.store.edit(actor, &target, &change).await.map_err(SaveError::from)
    };
    let Ok(before) = revealed else {
        // What cannot be decrypted cannot be kept: all of it is said anew.
        check(site, &row.item, schema, &posted)?;
        return edit(posted).await;
    };
    let before = before.reveal();
    let merged = merge(schema, posted, before);
    check(site, &row.item, schema, &merged)?;
    edit(as_kept(merged, before, &detail.settings)).await
}

/// What does not change is given to the store as it has it, without its secrets,
/// so that it keeps them and the audit log does not call them changed.
fn as_kept(merged: Value, before: &Value, shown: &Value) -> Value {
    let Value::Object(fields) = merged else { return merged };
    let mut kept = Map::new();
    for (name, value) in fields {
        if before.get(&name) == Some(&value) {
            if let Some(shown) = shown.get(&name) {
                kept.insert(name, shown.clone());
            }
        } else {
            kept.insert(name, value);
        }
    }
    Value::Object(kept)
}

/// By the form of this program, if it has the item; or else by the schema that
/// the database has of it.
fn check(site: &Site, item: &ItemRow, schema: &Value, settings: &Value) -> Result<(), SaveError> {
    let checked = match form(site, item) {
        Some(form) => form.check(settings),
        None => plugo_settings::check(schema, settings),
    };
    checked.map_err(|problems| SaveError::Problems(problems.into_iter().collect()))
}

fn form(site: &Site, item: &ItemRow) -> Option<&'static Form> {
    if !site.registry.is_of_program() {
        return None;
    }
    let types = plugo_core::plugin_types();
    let of = types
        .iter()
        .find(|of| of.info().name() == item.of.name && of.info().package() == item.of.package)?;
    let found = of.items().iter().find(|found| {
        let plugin = found.plugin();
        plugin.namespace() == item.namespace && plugin.name() == item.name
    })?;
    found.settings().and_then(Form::carried)
}
