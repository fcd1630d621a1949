use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::site::Site;

const STYLE: &str = include_str!("../../assets/admin.css");
const SCRIPT: &str = include_str!("../../assets/admin.js");

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/assets/admin.css", get(|headers| async { file(headers, "text/css", STYLE) }))
        .route(
            "/assets/admin.js",
            get(|headers| async { file(headers, "text/javascript", SCRIPT) }),
        )
}

/// The file, unless the browser has it already.
fn file(headers: HeaderMap, kind: &str, text: &'static str) -> Response {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::ETAG, tag)], text).into_response()
}
