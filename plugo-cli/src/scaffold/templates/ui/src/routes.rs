use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::pages;
use crate::store::{Entry, Store};

/// Where the pages are.
pub const ROOT: &str = "/{{name}}";

pub fn routes() -> Router {
    let routes = Router::new()
        .route("/", get(index).post(create))
        .route("/new", get(new))
        .route("/{id}", get(show).post(update))
        .route("/{id}/edit", get(edit))
        .route("/{id}/delete", post(delete))
        .route("/static/style.css", get(style))
        .with_state(Store::default());
    Router::new().nest(ROOT, routes)
}

async fn index(State(store): State<Store>) -> Response {
    pages::index(&store.all()).into_response()
}

async fn new() -> Response {
    pages::create(&Entry::default(), None).into_response()
}

async fn create(State(store): State<Store>, Form(entry): Form<Entry>) -> Response {
    match entry.problem() {
        Some(problem) => {
            let page = pages::create(&entry, Some(problem));
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
        None => see(store.add(entry)),
    }
}

async fn show(State(store): State<Store>, Path(id): Path<u64>) -> Response {
    match store.get(id) {
        Some(entry) => pages::show(id, &entry).into_response(),
        None => pages::not_found().into_response(),
    }
}

async fn edit(State(store): State<Store>, Path(id): Path<u64>) -> Response {
    match store.get(id) {
        Some(entry) => pages::edit(id, &entry, None).into_response(),
        None => pages::not_found().into_response(),
    }
}

async fn update(
    State(store): State<Store>,
    Path(id): Path<u64>,
    Form(entry): Form<Entry>,
) -> Response {
    if let Some(problem) = entry.problem() {
        let page = pages::edit(id, &entry, Some(problem));
        return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    }
    match store.replace(id, entry) {
        true => see(id),
        false => pages::not_found().into_response(),
    }
}

async fn delete(State(store): State<Store>, Path(id): Path<u64>) -> Response {
    match store.remove(id) {
        true => Redirect::to(ROOT).into_response(),
        false => pages::not_found().into_response(),
    }
}

/// To the page of an entry. The answer to a form is always another page, so
/// that loading that page again sends nothing twice.
fn see(id: u64) -> Response {
    Redirect::to(&format!("{ROOT}/{id}")).into_response()
}

/// The file is part of the program.
async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../static/style.css"),
    )
}
