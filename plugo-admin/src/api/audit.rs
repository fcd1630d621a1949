use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{AuditBody, PageBody};
use super::extract::{Json, Query};
use super::problem::Problem;
use crate::auth::Viewer;
use crate::model::AuditQuery;
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The id of what was changed.
    subject: Option<String>,
    /// Who changed it.
    actor: Option<String>,
    /// Part of the subject, the actor or a value.
    search: Option<String>,
    page: Option<u32>,
    /// Up to 1,000.
    per_page: Option<u32>,
}

/// What was changed, the latest first.
#[utoipa::path(
    get,
    path = "/audit",
    params(Wanted),
    responses((status = 200, body = PageBody<AuditBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Json<PageBody<AuditBody>>, Problem> {
    let query = AuditQuery {
        subject_id: wanted.subject,
        actor: wanted.actor,
        search: wanted.search,
        page: wanted.page.unwrap_or(1),
        per_page: wanted.per_page.unwrap_or(0),
    };
    let page = site.store.audit(&query).await?;
    Ok(Json(PageBody::of(page, AuditBody::from)))
}
