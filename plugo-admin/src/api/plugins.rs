use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{ItemBody, PageBody, PluginBody};
use super::extract::{Json, Query};
use super::problem::Problem;
use crate::auth::Viewer;
use crate::model::{ItemQuery, PluginQuery};
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(items)).routes(routes!(plugins))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WantedItems {
    /// Part of the name, the package or the description.
    search: Option<String>,
    /// The id of the type.
    #[serde(rename = "type")]
    of: Option<String>,
    /// Whether the program that synced last has it.
    present: Option<bool>,
    page: Option<u32>,
    /// Up to 1,000.
    per_page: Option<u32>,
}

/// Items of plugin types, by name.
#[utoipa::path(
    get,
    path = "/items",
    params(WantedItems),
    responses((status = 200, body = PageBody<ItemBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn items(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Query(wanted): Query<WantedItems>,
) -> Result<Json<PageBody<ItemBody>>, Problem> {
    let query = ItemQuery {
        search: wanted.search,
        type_id: wanted.of.map(|id| id.parse()).transpose()?,
        present: wanted.present,
        page: wanted.page.unwrap_or(1),
        per_page: wanted.per_page.unwrap_or(0),
    };
    let page = site.items(&query).await?;
    Ok(Json(PageBody::of(page, |row| ItemBody::of(&site, row))))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WantedPlugins {
    /// Part of the name, the package or the description.
    search: Option<String>,
    /// Whether the program that synced last has it.
    present: Option<bool>,
    page: Option<u32>,
    /// Up to 1,000.
    per_page: Option<u32>,
}

/// Plugins that are no items, by name.
#[utoipa::path(
    get,
    path = "/plugins",
    params(WantedPlugins),
    responses((status = 200, body = PageBody<PluginBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn plugins(
    State(site): State<Arc<Site>>,
    _: Viewer,
    Query(wanted): Query<WantedPlugins>,
) -> Result<Json<PageBody<PluginBody>>, Problem> {
    let query = PluginQuery {
        search: wanted.search,
        present: wanted.present,
        page: wanted.page.unwrap_or(1),
        per_page: wanted.per_page.unwrap_or(0),
    };
    let page = site.store.plugins(&query).await?;
    Ok(Json(PageBody::of(page, |row| PluginBody::of(&site, row))))
}
