use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use plugo_settings::Problem;
use serde_json::Value;

use super::conflict;
use super::failure::{self, Answer};
use super::fields::{Fields, Form, Query};
use super::form::{self, Field, Filled};
use super::layout::{Shell, go, local, page, with};
use super::text::{self, sentence};
use crate::auth::{Editor, Viewer};
use crate::error::{Conflict, EditError, Error};
use crate::model::{
    AuditQuery, AuditRow, Change, InstanceDetail, InstanceId, InstanceRow, Version,
    status_from_word,
};
use crate::probe::{Constructed, probe};
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/instances/{id}", get(show).post(save))
        .route("/instances/{id}/name", post(rename))
        .route("/instances/{id}/delete", post(delete))
        .route("/instances/{id}/construct", post(construct))
}

/// What an editor has typed and what came of it, where it was not saved.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) status: Option<String>,
    pub(super) priority: Option<String>,
    pub(super) name: Option<String>,
    pub(super) settings: Option<(Value, Option<Fields>)>,
    /// The version and the settings that the editor saw, as long as nothing else is told.
    pub(super) version: Option<Version>,
    pub(super) was: Option<Value>,
    /// What saving again puts in the place of what holds now.
    pub(super) lost: Vec<String>,
    pub(super) problems: Vec<Problem>,
    pub(super) conflict: Option<Conflict>,
    pub(super) error: Option<String>,
    /// What else the editor has to know, though nothing is wrong.
    pub(super) note: Option<&'static str>,
    pub(super) constructed: Option<Constructed>,
}

impl Draft {
    fn code(&self) -> StatusCode {
        if self.conflict.is_some() {
            StatusCode::CONFLICT
        } else if self.error.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }

    /// What was not done, to be shown in the form; or a page in its place.
    fn not_done(mut self, viewer: &Viewer, error: EditError) -> Result<Self, failure::Failure> {
        match error {
            EditError::Conflict(conflict) => {
                (self.conflict, self.version) = (Some(*conflict), None);
            }
            EditError::Invalid(why) => self.error = Some(sentence(&why)),
            EditError::Store(why @ (Error::NoKey | Error::Secret(_))) => {
                self.error = Some(sentence(&why.to_string()));
            }
            error @ EditError::NameTaken(_) => self.error = Some(sentence(&error.to_string())),
            error => return Err(failure::edit(viewer, error)),
        }
        Ok(self)
    }
}

#[derive(Template)]
#[template(path = "instance.html")]
struct One {
    shell: Shell,
    row: InstanceRow,
    draft: Draft,
    settings: Option<Vec<Field>>,
    /// The settings that the form was filled with, without secrets.
    was: String,
    unreadable: Option<String>,
    changes: Vec<AuditRow>,
    presence: &'static str,
}

impl One {
    fn was_status(&self) -> &'static str {
        self.row.status.map_or("", plugo_core::Status::as_str)
    }

    fn was_priority(&self) -> String {
        self.row.priority.map(|priority| priority.to_string()).unwrap_or_default()
    }

    fn status(&self) -> &str {
        self.draft.status.as_deref().unwrap_or(self.was_status())
    }

    fn priority(&self) -> String {
        self.draft.priority.clone().unwrap_or_else(|| self.was_priority())
    }

    fn version(&self) -> Version {
        self.draft.version.unwrap_or(self.row.version)
    }

    fn name(&self) -> &str {
        self.draft.name.as_deref().unwrap_or(&self.row.name)
    }

    /// Who was faster. The audit log does not know of changes by hand, so where there
    /// were some, the last one it knows of may not be what the editor has to be told.
    fn who(&self, conflict: &Conflict) -> String {
        let at = conflict.at.map(|at| format!(" at {} UTC", text::time(at).0)).unwrap_or_default();
        match (&conflict.by, conflict.by_hand) {
            (Some(by), false) => format!("{by} changed this{at}"),
            (Some(by), true) => format!(
                "Somebody changed this by hand in the database, or else {by} did{at}, which is the \
                 last change that the audit log knows"
            ),
            (None, _) => "Somebody changed this by hand in the database".to_owned(),
        }
    }

    fn took(&self, constructed: &Constructed) -> String {
        constructed.took.map(|took| format!("{took:.1?}")).unwrap_or_default()
    }
}

async fn show(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(query): Query,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    shown(&site, &viewer, &query, detail, Draft::default()).await
}

pub(super) async fn load(
    site: &Site,
    viewer: &Viewer,
    id: &str,
) -> Result<InstanceDetail, failure::Failure> {
    let id: InstanceId = id.parse().map_err(|_| failure::missing(viewer, "instance"))?;
    let detail = site.instance(id).await.map_err(failure::store(viewer))?;
    match detail {
        Some(detail) => Ok(detail),
        None => Err(gone(site, viewer, id).await?),
    }
}

/// What is told where an instance was, to which links of the audit log lead.
async fn gone(
    site: &Site,
    viewer: &Viewer,
    id: InstanceId,
) -> Result<failure::Failure, failure::Failure> {
    let last =
        AuditQuery { subject_id: Some(id.to_string()), per_page: 1, ..AuditQuery::default() };
    let last = site.store.audit(&last).await.map_err(failure::store(viewer))?;
    let deleted = last.rows.into_iter().find(|line| line.action == "deleted");
    let Some(AuditRow { subject, actor, at, .. }) = deleted else {
        return Ok(failure::missing(viewer, "instance"));
    };
    let text = format!("“{subject}” was deleted by {actor} at {} UTC.", text::time(at).0);
    Ok(failure::tell(viewer.mount(), StatusCode::GONE, "Deleted", &text))
}

/// The page of an instance, with what was typed and not saved.
pub(super) async fn shown(
    site: &Site,
    viewer: &Viewer,
    query: &Fields,
    detail: InstanceDetail,
    mut draft: Draft,
) -> Answer {
    let row = detail.row;
    let about =
        AuditQuery { subject_id: Some(row.id.to_string()), per_page: 8, ..AuditQuery::default() };
    let changes = site.store.audit(&about).await.map_err(failure::store(viewer))?;
    let (mut settings, mut unreadable, mut was) = (None, None, String::new());
    if draft.conflict.is_some() {
        let (status, priority) = (draft.status.as_deref(), draft.priority.as_deref());
        draft.lost = conflict::said(&row, status, priority, draft.name.as_deref());
    }
    if let Some(schema) = detail.schema.filter(|_| !row.is_default) {
        // The shape of what is stored, with an empty text for each secret.
        let revealed = site.store.revealed(row.id).await.map_err(failure::store(viewer))?;
        let (stored, secrets) = match revealed {
            Some(Ok(revealed)) => revealed.shown(&schema),
            Some(Err(why)) => {
                unreadable = Some(sentence(&why.to_string()));
                (detail.settings, Vec::new())
            }
            None => (detail.settings, detail.secrets),
        };
        let mut value = match &draft.settings {
            Some((typed, _)) => plugo_settings::redact(&schema, typed),
            None => stored.clone(),
        };
        was = match (&draft.was, &draft.conflict) {
            (Some(was), None) => was.to_string(),
            _ => stored.to_string(),
        };
        if draft.conflict.is_some() && draft.settings.is_some() {
            draft.lost = conflict::settings(draft.was.as_ref(), &mut value, &stored);
        }
        let typed = draft.settings.as_ref().and_then(|(_, typed)| typed.as_ref());
        let filled = Filled {
            value: &value,
            secrets: &secrets,
            problems: &draft.problems,
            typed,
            may_edit: viewer.may_edit(),
        };
        settings = Some(form::fields(&schema, &filled));
    }
    let shell = Shell::new(site, viewer, "instances", row.subject(), query);
    let presence = presence(site.has(&row.item), row.item.present);
    let code = draft.code();
    let changes = changes.rows;
    Ok(page(code, &One { shell, row, draft, settings, was, unreadable, changes, presence }))
}

/// Where an item is, in words.
pub(super) fn presence(is_known: bool, is_present: bool) -> &'static str {
    match (is_known, is_present) {
        (true, true) => "compiled in",
        (true, false) => "compiled in, not synced",
        (false, true) => "not in this client",
        (false, false) => "absent",
    }
}

/// The page of an instance with what was typed, where the store refused an edit; or a
/// page in its place.
pub(super) async fn not_done(
    site: &Site,
    viewer: &Viewer,
    id: InstanceId,
    draft: Draft,
    error: EditError,
) -> Answer {
    let draft = draft.not_done(viewer, error)?;
    // Somebody else may have changed it.
    let detail = load(site, viewer, &id.to_string()).await?;
    shown(site, viewer, &Fields::default(), detail, draft).await
}

/// The version that the editor saw, without which nothing is saved: it would undo
/// unseen what somebody else did meanwhile.
pub(super) fn version(fields: &Fields) -> Result<Version, String> {
    let why = "The form has no version, so it is not ours, and nothing was changed.";
    fields.parsed("version").map(Version).ok_or_else(|| why.to_owned())
}

/// The page of the instance, or the one where the edit began.
fn back(fields: &Fields, id: InstanceId, done: &str, count: usize) -> String {
    let path = local(fields.get("back")).map(str::to_owned);
    let path = path.unwrap_or_else(|| format!("/instances/{id}"));
    with(&with(&path, "n", &count.to_string()), "done", done)
}

/// Status and priority, or a nudge of the priority.
async fn save(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    let id = detail.row.id;
    let mut draft = Draft {
        status: typed(&fields, "status", "was-status"),
        priority: typed(&fields, "priority", "was-priority"),
        version: version(&fields).ok(),
        ..Draft::default()
    };
    let change = match fields.find("nudge") {
        Some(nudge) => match nudge {
            "1" => Ok(Change::Nudge(1)),
            "-1" => Ok(Change::Nudge(-1)),
            _ => Err("A priority is nudged by one, up or down.".to_owned()),
        },
        None if draft.status.is_none() && draft.priority.is_none() => {
            return Ok(go(viewer.mount(), &back(&fields, id, "saved", 0)));
        }
        None => said(draft.status.as_deref(), draft.priority.as_deref()),
    };
    let edit = change.and_then(|change| Ok((change, version(&fields)?)));
    let (change, version) = match edit {
        Ok(found) => found,
        Err(why) => {
            draft.error = Some(why);
            return shown(&site, &viewer, &Fields::default(), detail, draft).await;
        }
    };
    match site.store.edit(&editor.actor(), &[(id, Some(version))], &change).await {
        Ok(edited) => Ok(go(viewer.mount(), &back(&fields, id, "saved", edited.changed.len()))),
        Err(error) => not_done(&site, &viewer, id, draft, error).await,
    }
}

/// What an editor has put into a field, in the place of what it showed.
fn typed(fields: &Fields, name: &str, was: &str) -> Option<String> {
    let typed = fields.get(name).trim();
    let is_same = fields.find(was).is_some_and(|was| was.trim() == typed);
    (!is_same).then(|| typed.to_owned())
}

/// What is to be changed: what nobody touched is not sent again, since somebody else may
/// have changed it meanwhile.
fn said(status: Option<&str>, priority: Option<&str>) -> Result<Change, String> {
    let status = status.map(|word| match word {
        "" => Ok(None),
        word => status_from_word(word).map(Some).map_err(|why| sentence(&why.to_string())),
    });
    let priority = priority.map(|text| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            format!(
                "“{}” is no priority. Write a whole number between {} and {}, or nothing for what \
                 the code says.",
                text::short(text, 40),
                i32::MIN,
                i32::MAX
            )
        }),
    });
    Ok(match (status.transpose()?, priority.transpose()?) {
        (Some(status), Some(priority)) => Change::StatusAndPriority(status, priority),
        (Some(status), None) => Change::Status(status),
        (None, Some(priority)) => Change::Priority(priority),
        (None, None) => return Err("There is nothing to change.".to_owned()),
    })
}

async fn rename(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    let id = detail.row.id;
    let mut draft = Draft { name: Some(fields.get("name").to_owned()), ..Draft::default() };
    let change = Change::Rename(fields.get("name").to_owned());
    let target = match version(&fields) {
        Ok(version) => [(id, Some(version))],
        Err(why) => {
            draft.error = Some(why);
            return shown(&site, &viewer, &Fields::default(), detail, draft).await;
        }
    };
    match site.store.edit(&editor.actor(), &target, &change).await {
        Ok(edited) => {
            Ok(go(viewer.mount(), &back(&Fields::default(), id, "saved", edited.changed.len())))
        }
        Err(error) => not_done(&site, &viewer, id, draft, error).await,
    }
}

async fn delete(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    let id = detail.row.id;
    let version = match version(&fields) {
        Ok(version) => version,
        Err(why) => {
            let draft = Draft { error: Some(why), ..Draft::default() };
            return shown(&site, &viewer, &Fields::default(), detail, draft).await;
        }
    };
    match site.store.delete_instance(&editor.actor(), id, Some(version)).await {
        Ok(()) => {
            let to = format!("/instances?type={}&done=deleted", detail.row.item.of.id);
            Ok(go(viewer.mount(), &to))
        }
        Err(error) => not_done(&site, &viewer, id, Draft::default(), error).await,
    }
}

/// Constructs it, and shows what came of it.
async fn construct(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    _: Editor,
    Path(id): Path<String>,
) -> Answer {
    let detail = load(&site, &viewer, &id).await?;
    let constructed = probe(&site, &detail.row).await.map_err(failure::store(&viewer))?;
    let draft = Draft { constructed: Some(constructed), ..Draft::default() };
    shown(&site, &viewer, &Fields::default(), detail, draft).await
}
