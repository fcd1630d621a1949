use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{SelectionBody, TypeBody};
use super::extract::{Id, Json};
use super::problem::Problem;
use crate::auth::Viewer;
use crate::explain;
use crate::model::TypeId;
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(types)).routes(routes!(selection))
}

/// Every plugin type, with how many instances hold which status.
#[utoipa::path(
    get,
    path = "/types",
    responses((status = 200, body = Vec<TypeBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn types(State(site): State<Arc<Site>>, _: Viewer) -> Result<Json<Vec<TypeBody>>, Problem> {
    let rows = site.overview().await?;
    Ok(Json(rows.into_iter().map(|row| TypeBody::of(&site, row)).collect()))
}

/// What is selected of a type, with the first hundred candidates and why each stands
/// where it does.
#[utoipa::path(
    get,
    path = "/types/{id}/selection",
    params(("id" = String, Path, description = "The type.")),
    responses((status = 200, body = SelectionBody), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn selection(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Id(id): Id<TypeId>,
) -> Result<Json<SelectionBody>, Problem> {
    let rows = site.overview().await?;
    let found = rows.into_iter().find(|row| row.id == id);
    let row = found.ok_or_else(|| Problem::not_found("plugin type"))?;
    let selection = explain::selection(&site, &row.name, &row.package, 100).await?;
    Ok(Json(selection.into()))
}
