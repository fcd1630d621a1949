use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::failure::{self, Answer};
use super::fields::Query;
use super::layout::{Shell, page};
use super::text;
use crate::api::problem::status_of;
use crate::auth::Viewer;
use crate::explain::{Candidate, Selection, selection_in};
use crate::model::{ItemQuery, ItemRow, TypeId, TypeRow};
use crate::site::Site;

/// So many candidates are shown.
const SHOWN: usize = 20;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(all))
        .route("/types", get(all))
        .route("/types/{id}", get(one))
        .route("/revision", get(revision))
}

#[derive(Template)]
#[template(path = "types.html")]
struct All {
    shell: Shell,
    types: Vec<(TypeRow, bool, Option<Candidate>)>,
    is_in_force: bool,
}

async fn all(State(site): State<Arc<Site>>, viewer: Viewer, Query(query): Query) -> Answer {
    let (snapshot, is_in_force) = site.in_force().await.map_err(failure::store(&viewer))?;
    let types = site.overview_at(snapshot.revision).await.map_err(failure::store(&viewer))?;
    let types = types.into_iter().map(|of| {
        let found = selection_in(&site, &snapshot, is_in_force, &of.name, &of.package, 1);
        let is_known = found.is_known;
        (of, is_known, found.candidates.into_iter().find(|one| one.is_selected))
    });
    let mut shell = Shell::new(&site, &viewer, "types", "Plugin types", &query);
    shell.revision = snapshot.revision;
    Ok(page(StatusCode::OK, &All { shell, types: types.collect(), is_in_force }))
}

#[derive(Template)]
#[template(path = "type.html")]
struct One {
    shell: Shell,
    of: TypeRow,
    selection: Selection,
    with_settings: Vec<ItemRow>,
    items: u64,
}

async fn one(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(query): Query,
) -> Answer {
    let (snapshot, is_in_force) = site.in_force().await.map_err(failure::store(&viewer))?;
    let types = site.overview_at(snapshot.revision).await.map_err(failure::store(&viewer))?;
    let id: Option<TypeId> = id.parse().ok();
    let Some(of) = types.into_iter().find(|of| Some(of.id) == id) else {
        return Err(failure::missing(&viewer, "plugin type"));
    };
    let selection = selection_in(&site, &snapshot, is_in_force, &of.name, &of.package, SHOWN);
    let wanted = ItemQuery { type_id: Some(of.id), per_page: 200, ..ItemQuery::default() };
    let items = site.store.items(&wanted).await.map_err(failure::store(&viewer))?;
    let with_settings = items.rows.into_iter().filter(|item| item.has_settings).collect();
    let mut shell = Shell::new(&site, &viewer, "types", &*of.name, &query);
    shell.revision = selection.revision;
    Ok(page(StatusCode::OK, &One { shell, of, selection, with_settings, items: items.total }))
}

/// The revision that holds, for a page that looks whether it is up to date.
async fn revision(State(site): State<Arc<Site>>, _: Viewer) -> Response {
    match site.revision().await {
        Ok(revision) => revision.to_string().into_response(),
        Err(error) => status_of(&error).into_response(),
    }
}
