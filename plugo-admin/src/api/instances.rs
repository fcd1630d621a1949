use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plugo_core::Status;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{DetailBody, InstanceBody, PageBody};
use super::extract::{Id, IfMatch, Json, Query, given};
use super::problem::Problem;
use crate::auth::{Editor, Viewer};
use crate::error::EditError;
use crate::model::{
    Actor, Change, InstanceDetail, InstanceId, InstanceQuery, ItemId, Sort, Version,
    status_from_word,
};
use crate::probe;
use crate::site::Site;

/// The most instances that are changed at once.
const MOST: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(bulk))
        .routes(routes!(show, change, delete))
        .routes(routes!(construct))
}

/// Which instances; the default is all of them, 50 at a time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Part of a name, the package or the description.
    search: Option<String>,
    /// The id of the type.
    #[serde(rename = "type")]
    of: Option<String>,
    /// The status that holds: `active`, `reserve` or `disabled`.
    status: Option<String>,
    package: Option<String>,
    /// Whether the program that synced last has the item.
    present: Option<bool>,
    /// `selection`, `name`, `type`, `status`, `priority` or `package`.
    sort: Option<String>,
    descending: Option<bool>,
    /// The first one is 1.
    page: Option<u32>,
    /// Up to 1,000.
    per_page: Option<u32>,
}

/// Instances.
#[utoipa::path(
    get,
    path = "/instances",
    params(Wanted),
    responses((status = 200, body = PageBody<InstanceBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Json<PageBody<InstanceBody>>, Problem> {
    let sort = match wanted.sort.as_deref() {
        None | Some("selection") => Sort::Selection,
        Some("name") => Sort::Name,
        Some("type") => Sort::Type,
        Some("status") => Sort::Status,
        Some("priority") => Sort::Priority,
        Some("package") => Sort::Package,
        Some(other) => return Err(Problem::invalid(format!("nothing is sorted by `{other}`"))),
    };
    let of = wanted.of.map(|id| id.parse()).transpose()?;
    let status = wanted.status.as_deref().map(status_from_word);
    let query = InstanceQuery {
        search: wanted.search,
        type_id: of,
        status: status.transpose()?,
        package: wanted.package,
        present: wanted.present,
        sort,
        descending: wanted.descending.unwrap_or(false),
        page: wanted.page.unwrap_or(1),
        per_page: wanted.per_page.unwrap_or(0),
    };
    let page = site.store.instances(&query).await?;
    Ok(Json(PageBody::of(page, |row| InstanceBody::of(&site, row))))
}

/// A new instance of an item with settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct New {
    /// The id of the item.
    item: String,
    name: String,
    /// What fits the item's schema.
    settings: Value,
}

/// Makes an instance.
#[utoipa::path(
    post,
    path = "/instances",
    request_body = New,
    responses((status = 201, body = DetailBody), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    let id: Result<ItemId, _> = new.item.parse();
    let found = match id {
        Ok(id) => site.store.item(id).await?,
        Err(_) => None,
    };
    let (item, schema) = found.ok_or_else(|| Problem::invalid("there is no such item"))?;
    if schema.is_none() {
        let why = format!("`{}` has no settings, so it has one instance", item.full_name());
        return Err(Problem::invalid(why));
    }
    let actor = editor.actor();
    let id = site.store.create_instance(&actor, item.id, &new.name, &new.settings).await?;
    let mut response = detail(&site, id).await?;
    *response.status_mut() = StatusCode::CREATED;
    // A relative address is by the one that was posted to.
    if let Ok(place) = HeaderValue::from_str(&format!("instances/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

async fn load(site: &Site, id: InstanceId) -> Result<InstanceDetail, Problem> {
    let found = site.store.instance(id).await?;
    found.ok_or_else(|| Problem::not_found("instance"))
}

/// An instance with its version as `ETag`.
async fn detail(site: &Site, id: InstanceId) -> Result<Response, Problem> {
    let found = load(site, id).await?;
    let version = found.row.version;
    let (mut settings, mut secrets) = (found.settings, found.secrets);
    if let Some(schema) = &found.schema
        && let Some(Ok(revealed)) = site.store.revealed(id).await?
    {
        (settings, secrets) = revealed.shown(schema);
    }
    let instance = InstanceBody::of(site, found.row);
    let body = DetailBody { instance, schema: found.schema, settings, secrets };
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// One instance with its settings, of which secrets are left empty.
#[utoipa::path(
    get,
    path = "/instances/{id}",
    params(("id" = String, Path, description = "The instance.")),
    responses((status = 200, body = DetailBody), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn show(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Id(id): Id<InstanceId>,
) -> Result<Response, Problem> {
    detail(&site, id).await
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
    /// Status, priority or nudge.
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
    if matches!(change, Change::Settings(_)) {
        return Err(Problem::invalid("settings are of one instance"));
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

/// Whether an instance can be constructed.
#[derive(Serialize, ToSchema)]
struct ConstructedBody {
    constructs: bool,
    /// Why not.
    error: Option<String>,
    /// How long it took, in microseconds; `null` where no constructor was called.
    took: Option<u64>,
}

/// Constructs an instance with the arguments of the app, and drops it again.
#[utoipa::path(
    post,
    path = "/instances/{id}/construct",
    params(("id" = String, Path, description = "The instance.")),
    responses((status = 200, body = ConstructedBody), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn construct(
    State(site): State<Arc<Site>>,
    _: Viewer,
    _: Editor,
    Id(id): Id<InstanceId>,
) -> Result<Json<ConstructedBody>, Problem> {
    let found = load(&site, id).await?;
    let constructed = probe::probe(&site, &found.row).await?;
    Ok(Json(ConstructedBody {
        constructs: constructed.error.is_none(),
        error: constructed.error,
        took: constructed.took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
    }))
}
