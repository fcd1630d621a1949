use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use plugo_core::Status;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::DetailBody;
use super::extract::{Id, IfMatch, Json, given};
use super::instances::detail;
use super::problem::Problem;
use crate::auth::{Editor, Viewer};
use crate::error::EditError;
use crate::model::{Actor, Change, InstanceId, Version, status_from_word};
use crate::site::Site;

/// The most instances that are changed at once.
const MOST: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(bulk)).routes(routes!(change, delete))
}

/// What is to be changed: status and priority or one of them, or a nudge, or a name,
/// or settings.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Patch {
    /// `active`, `reserve` or `disabled`; `null` is "as the code says".
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    status: Option<Option<String>>,
    /// The lower number comes first; `null` is "as the code says".
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    priority: Option<Option<i32>>,
    /// So much is added to the priority that holds.
    nudge: Option<i32>,
    /// A new name.
    name: Option<String>,
    /// All settings anew. A secret that is an empty text, or is not there, stays as it
    /// is; `null` takes it away.
    settings: Option<Value>,
}

impl Patch {
    fn change(self) -> Result<Change, Problem> {
        let status = self.status.map(|status| -> Result<Option<Status>, Problem> {
            Ok(status.map(|word| status_from_word(&word)).transpose()?)
        });
        let change =
            match (status.transpose()?, self.priority, self.nudge, self.name, self.settings) {
                (Some(status), None, None, None, None) => Change::Status(status),
                (None, Some(priority), None, None, None) => Change::Priority(priority),
                (Some(status), Some(priority), None, None, None) => {
                    Change::StatusAndPriority(status, priority)
                }
                (None, None, Some(by), None, None) => Change::Nudge(by),
                (None, None, None, Some(name), None) => Change::Rename(name),
                (None, None, None, None, Some(settings)) => Change::Settings(settings),
                _ => {
                    return Err(Problem::invalid(
                        "say one thing: status and priority or one of them, or nudge, or name, or \
                     settings",
                    ));
                }
            };
        Ok(change)
    }
}

/// Changes an instance.
#[utoipa::path(
    patch,
    path = "/instances/{id}",
    params(
        ("id" = String, Path, description = "The instance."),
        ("If-Match" = String, Header, description = "The version that the change is made for, as ETag; or *.")
    ),
    request_body = Patch,
    responses(
        (status = 200, body = DetailBody),
        (status = 412, description = "Somebody else was faster; `conflict` says what they changed.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn change(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Id(id): Id<InstanceId>,
    IfMatch(version): IfMatch,
    Json(patch): Json<Patch>,
) -> Result<Response, Problem> {
    let actor = editor.actor();
    edit(&site, &actor, id, version, &patch.change()?).await?;
    detail(&site, id).await
}

async fn edit(
    site: &Site,
    actor: &Actor,
    id: InstanceId,
    version: Option<Version>,
    change: &Change,
) -> Result<(), Problem> {
    site.store.edit(actor, &[(id, version)], change).await?;
    Ok(())
}

/// Deletes an instance that an operator made, for good.
#[utoipa::path(
    delete,
    path = "/instances/{id}",
    params(
        ("id" = String, Path, description = "The instance."),
        ("If-Match" = String, Header, description = "The version that is deleted, as ETag; or *.")
    ),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn delete(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Id(id): Id<InstanceId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    site.store.delete_instance(&editor.actor(), id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be changed about several instances.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Bulk {
    /// Up to 1,000.
    targets: Vec<Target>,
    /// Status, priority or nudge. Names and settings are of one instance.
    change: Patch,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Target {
    id: String,
    /// The version that the change is made for; without it, any.
    version: Option<i64>,
}

/// What a change did.
#[derive(Serialize, ToSchema)]
struct Changed {
    changed: Vec<String>,
    /// What was as it should be already.
    unchanged: Vec<String>,
    /// The revision that shows the change.
    revision: i64,
}

/// Changes several instances, all or none of them.
#[utoipa::path(
    post,
    path = "/instances/bulk",
    request_body = Bulk,
    responses(
        (status = 200, body = Changed),
        (status = 409, description = "Somebody else was faster; `conflict` says what they changed.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn bulk(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Json(bulk): Json<Bulk>,
) -> Result<Json<Changed>, Problem> {
    if bulk.targets.is_empty() || bulk.targets.len() > MOST {
        return Err(Problem::invalid("name 1 to 1,000 targets"));
    }
    let target = |target: Target| Some((target.id.parse().ok()?, target.version.map(Version)));
    let targets: Option<Vec<_>> = bulk.targets.into_iter().map(target).collect();
    let targets = targets.ok_or_else(|| Problem::invalid("a target has an id that is none"))?;
    let change = bulk.change.change()?;
    if matches!(change, Change::Settings(_) | Change::Rename(_)) {
        let why = "names and settings are of one instance: PATCH that one";
        return Err(Problem::invalid(why));
    }
    let edited = site.store.edit(&editor.actor(), &targets, &change).await.map_err(|error| {
        let is_conflict = matches!(error, EditError::Conflict(_));
        let problem = Problem::from(error);
        if is_conflict { problem.with_status(StatusCode::CONFLICT) } else { problem }
    })?;
    let ids = |ids: Vec<InstanceId>| ids.iter().map(ToString::to_string).collect();
    Ok(Json(Changed {
        changed: ids(edited.changed),
        unchanged: ids(edited.unchanged),
        revision: edited.revision,
    }))
}
