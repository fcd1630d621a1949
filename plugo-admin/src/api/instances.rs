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
use super::extract::{Id, Json, Query, given};
use super::problem::Problem;
use crate::auth::{Editor, Viewer};
use crate::model::{InstanceDetail, InstanceId, InstanceQuery, ItemId, Sort, status_from_word};
use crate::probe;
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
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
    let page = site.instances(&query).await?;
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
    /// `active`, `reserve` or `disabled`; `null` is "as the code says". Where nothing is
    /// said it is disabled, so that nothing goes through it before somebody has looked
    /// at it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    status: Option<Option<String>>,
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
        Ok(id) => site.item(id).await?,
        Err(_) => None,
    };
    let (item, schema) = found.ok_or_else(|| Problem::invalid("there is no such item"))?;
    if schema.is_none() {
        let why = format!("`{}` has no settings, so it has one instance", item.full_name());
        return Err(Problem::invalid(why));
    }
    let status = match new.status {
        None => Some(Status::Disabled),
        Some(said) => said.map(|word| status_from_word(&word)).transpose()?,
    };
    let (actor, name) = (editor.actor(), &*new.name);
    let id = site.store.create_instance_as(&actor, item.id, name, status, &new.settings).await?;
    let mut response = detail(&site, id).await?;
    *response.status_mut() = StatusCode::CREATED;
    // A relative address is by the one that was posted to.
    if let Ok(place) = HeaderValue::from_str(&format!("instances/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

pub(super) async fn load(site: &Site, id: InstanceId) -> Result<InstanceDetail, Problem> {
    let found = site.instance(id).await?;
    found.ok_or_else(|| Problem::not_found("instance"))
}

/// An instance with its version as `ETag`.
pub(super) async fn detail(site: &Site, id: InstanceId) -> Result<Response, Problem> {
    let found = load(site, id).await?;
    let version = found.row.version;
    let (mut settings, mut secrets, mut unusable) = (found.settings, found.secrets, None);
    if let Some(schema) = &found.schema {
        match site.store.revealed(id).await? {
            Some(Ok(revealed)) => (settings, secrets) = revealed.shown(schema),
            Some(Err(why)) => unusable = Some(why.to_string()),
            None => {}
        }
    }
    let instance = InstanceBody::of(site, found.row);
    let body = DetailBody { instance, schema: found.schema, settings, secrets, unusable };
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
