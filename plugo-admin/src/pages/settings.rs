use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use plugo_settings::Problem;
use serde_json::{Value, json};

use super::failure::{self, Answer, Failure};
use super::fields::{Fields, Form, Query};
use super::form::{self, Field, Filled};
use super::instance::{Draft, load, not_done, shown, version};
use super::layout::{Shell, go, page, with};
use super::text;
use crate::auth::{Editor, Viewer};
use crate::error::{EditError, Error};
use crate::model::{Change, ItemId, ItemRow, status_from_word};
use crate::registry::form as form_of;
use crate::site::Site;

/// What a new instance is where nothing else is said: an active one might be selected
/// before anybody knows whether it works.
const START: &str = "disabled";

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/instances/{id}/settings", post(save))
        .route("/items/{id}/new", get(fresh).post(create))
}

async fn save(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    let id = detail.row.id;
    let schema = detail.schema.clone().unwrap_or_default();
    let (value, problems) = form::read(&schema, &fields);
    let note = to_be_typed_again(&schema, &value);
    let mut draft = Draft {
        settings: Some((value.clone(), None)),
        version: version(&fields).ok(),
        was: serde_json::from_str(fields.get("was")).ok(),
        note,
        ..Draft::default()
    };
    if form::is_only_another_form(&fields) {
        if !problems.is_empty() {
            draft.problems = problems;
            draft.settings = Some((value, Some(fields)));
        }
        return shown(&site, &viewer, &Fields::default(), detail, draft).await;
    }
    if !problems.is_empty() {
        let problems = all_problems(&detail.row.item, &schema, &value, &detail.settings, problems);
        (draft.error, draft.note) = (Some(count(&problems)), None);
        draft.problems = problems;
        draft.settings = Some((value, Some(fields)));
        return shown(&site, &viewer, &Fields::default(), detail, draft).await;
    }
    let version = match version(&fields) {
        Ok(version) => version,
        Err(why) => {
            draft.error = Some(why);
            return shown(&site, &viewer, &Fields::default(), detail, draft).await;
        }
    };
    let (target, change) = ([(id, Some(version))], Change::Settings(value));
    match site.store.edit(&editor.actor(), &target, &change).await {
        Ok(edited) => {
            let path = with(&format!("/instances/{id}"), "n", &edited.changed.len().to_string());
            Ok(go(viewer.mount(), &with(&path, "done", "saved")))
        }
        Err(EditError::Settings(problems)) => {
            draft.problems = problems.into_iter().collect();
            (draft.error, draft.note) = (Some(count(&draft.problems)), None);
            shown(&site, &viewer, &Fields::default(), detail, draft).await
        }
        Err(error) => not_done(&site, &viewer, id, draft, error).await,
    }
}

/// What is said where somebody typed secrets and gets the form again, in which they
/// are never shown.
fn to_be_typed_again(schema: &Value, typed: &Value) -> Option<&'static str> {
    let secrets = plugo_settings::secrets(schema, typed);
    (!secrets.is_empty())
        .then_some("Nothing is saved yet. Secrets that you typed have to be typed again.")
}

/// What is wrong with what could be read, beside what could not: so that the editor is
/// told everything at once. No secret that is stored takes part in it.
fn all_problems(
    item: &ItemRow,
    schema: &Value,
    read: &Value,
    before: &Value,
    mut unread: Vec<Problem>,
) -> Vec<Problem> {
    let merged = plugo_settings::merge(schema, read.clone(), before);
    let checked = match form_of(item) {
        Some(form) => form.check(&merged),
        None => plugo_settings::check(schema, &merged),
    };
    let is_unread = |place: &str| {
        let within = |of: &Problem| place.strip_prefix(of.pointer());
        unread.iter().filter_map(within).any(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // An empty secret may be one that is kept.
    let is_kept = |place: &str| {
        let is_empty = |value: &Value| value.as_str() == Some("");
        *before != json!({}) && merged.pointer(place).is_some_and(is_empty)
    };
    let found: Vec<Problem> = checked.err().into_iter().flatten().collect();
    let found =
        found.into_iter().filter(|one| !is_unread(one.pointer()) && !is_kept(one.pointer()));
    let found: Vec<Problem> = found.collect();
    unread.extend(found);
    unread
}

fn count(problems: &[Problem]) -> String {
    let other: Vec<String> = problems
        .iter()
        .filter(|problem| problem.pointer().is_empty())
        .map(|problem| format!(" The whole {}.", problem.message()))
        .collect();
    let fields = match problems.len() {
        1 => "One field does not fit.".to_owned(),
        count => format!("{count} fields do not fit."),
    };
    format!(
        "{fields} Nothing was saved. Secrets that you typed have to be typed again.{}",
        other.concat()
    )
}

#[derive(Template)]
#[template(path = "new.html")]
struct New {
    shell: Shell,
    item: ItemRow,
    name: String,
    /// As the field has it: a word, or nothing for what the code says.
    chosen: String,
    fields: Vec<Field>,
    error: Option<String>,
    note: Option<&'static str>,
}

async fn item(site: &Site, viewer: &Viewer, id: &str) -> Result<(ItemRow, Value), Failure> {
    let id: ItemId = id.parse().map_err(|_| failure::missing(viewer, "item"))?;
    let found = site.item(id).await.map_err(failure::store(viewer))?;
    let (item, schema) = found.ok_or_else(|| failure::missing(viewer, "item"))?;
    match schema {
        Some(schema) => Ok((item, schema)),
        None => {
            let why = format!("`{}` has no settings, so it has one instance.", item.full_name());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(failure::tell(viewer.mount(), status, "No instance can be made", &why))
        }
    }
}

async fn fresh(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(query): Query,
) -> Answer {
    let (item, schema) = item(&site, &viewer, &id).await?;
    let value = json!({});
    let filled = Filled {
        value: &value,
        secrets: &[],
        problems: &[],
        typed: None,
        may_edit: viewer.may_edit(),
    };
    let fields = form::fields(&schema, &filled);
    let title = format!("New instance of {}", item.full_name());
    let shell = Shell::new(&site, &viewer, "instances", title, &query);
    Ok(page(
        StatusCode::OK,
        &New {
            shell,
            item,
            name: String::new(),
            chosen: START.into(),
            fields,
            error: None,
            note: None,
        },
    ))
}

async fn create(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Path(id): Path<String>,
    Form(posted): Form,
) -> Answer {
    let (item, schema) = item(&site, &viewer, &id).await?;
    let name = posted.get("name").to_owned();
    let chosen = posted.find("status").unwrap_or(START).to_owned();
    let (value, mut problems) = form::read(&schema, &posted);
    let (mut error, mut code) = (None, StatusCode::OK);
    let mut note = to_be_typed_again(&schema, &value);
    let is_saved = !form::is_only_another_form(&posted);
    let typed = (!problems.is_empty()).then_some(&posted);
    if is_saved && !problems.is_empty() {
        problems = all_problems(&item, &schema, &value, &json!({}), problems);
    } else if is_saved {
        let actor = editor.actor();
        let status = match &*chosen {
            "" => Ok(None),
            word => status_from_word(word).map(Some),
        };
        let made = match status {
            Ok(status) => {
                site.store.create_instance_as(&actor, item.id, &name, status, &value).await
            }
            Err(why) => Err(EditError::Invalid(why.to_string())),
        };
        match made {
            Ok(id) => {
                let done = if chosen == START { "created-disabled" } else { "created" };
                return Ok(go(viewer.mount(), &format!("/instances/{id}?done={done}")));
            }
            Err(EditError::Settings(found)) => problems = found.into_iter().collect(),
            Err(EditError::Store(why @ (Error::NoKey | Error::Secret(_)))) => {
                error = Some(format!("{why}."));
            }
            Err(why @ EditError::Store(_)) => return Err(failure::edit(&viewer, why)),
            Err(why) => error = Some(format!("{why}.")),
        }
    }
    if is_saved {
        code = StatusCode::UNPROCESSABLE_ENTITY;
        if !problems.is_empty() {
            (error, note) = (Some(count(&problems)), None);
        }
    }
    let value = plugo_settings::redact(&schema, &value);
    let filled = Filled {
        value: &value,
        secrets: &[],
        problems: &problems,
        typed,
        may_edit: viewer.may_edit(),
    };
    let fields = form::fields(&schema, &filled);
    let title = format!("New instance of {}", item.full_name());
    let shell = Shell::new(&site, &viewer, "instances", title, &Fields::default());
    Ok(page(code, &New { shell, item, name, chosen, fields, error, note }))
}
