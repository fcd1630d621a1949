use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};

use crate::refusal::Refusal;
use crate::store::{Entry, NewEntry, Store};

/// Where the resource is.
pub const ROOT: &str = "/{{name}}";
/// Where the page to try it is.
pub const TRY: &str = "/{{name}}/try";
/// What is served, for programs and for the page. The tests hold it true.
pub const OPENAPI: &str = include_str!("../openapi.json");

type Id = Result<Path<u64>, PathRejection>;
type Body = Result<Json<NewEntry>, JsonRejection>;

pub fn routes() -> Router {
    let routes = Router::new()
        .route("/", get(list).post(create))
        .route("/{id}", get(show).put(update).delete(delete))
        .route("/openapi.json", get(openapi))
        .route("/try", get(Html(include_str!("../static/try.html"))))
        .with_state(Store::default());
    Router::new().nest(ROOT, routes)
}

async fn list(State(store): State<Store>) -> Json<Vec<Entry>> {
    Json(store.all())
}

async fn create(State(store): State<Store>, body: Body) -> Result<impl IntoResponse, Refusal> {
    let entry = store.add(valid(body)?);
    let place = format!("{ROOT}/{}", entry.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(entry)))
}

async fn show(State(store): State<Store>, id: Id) -> Result<Json<Entry>, Refusal> {
    let Path(id) = id?;
    store.get(id).map(Json).ok_or(Refusal::not_found(id))
}

async fn update(State(store): State<Store>, id: Id, body: Body) -> Result<Json<Entry>, Refusal> {
    let Path(id) = id?;
    store
        .replace(id, valid(body)?)
        .map(Json)
        .ok_or(Refusal::not_found(id))
}

async fn delete(State(store): State<Store>, id: Id) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    match store.remove(id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::not_found(id)),
    }
}

fn valid(body: Body) -> Result<NewEntry, Refusal> {
    let Json(entry) = body?;
    match entry.problem() {
        Some(problem) => Err(Refusal::wrong(problem)),
        None => Ok(entry),
    }
}

async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}
