//! The JSON API: what the pages do, for programs. Its document says what there is;
//! it is made of the routes themselves.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi as Document, Server};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Mount;
use crate::site::Site;

/// Errors as RFC 9457 has them.
pub(crate) mod problem;
/// Requests read, and answers written.
mod extract;
/// What answers are made of.
mod body;
/// Types, and what is selected of them.
mod types;
/// Instances.
#[expect(unused_qualifications, reason = "a macro of utoipa writes it")]
mod instances;
/// What is changed about instances.
mod edits;
/// Items and plugins.
#[expect(unused_qualifications, reason = "a macro of utoipa writes it")]
mod plugins;
/// The audit log.
#[expect(unused_qualifications, reason = "a macro of utoipa writes it")]
mod audit;
/// The database.
mod status;
/// Users.
mod users;
/// Logging in and out.
mod session;

#[derive(OpenApi)]
#[openapi(modifiers(&Tokens), security(("session" = [])))]
struct Api;

/// Every request carries the token of a session.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let version = env!("CARGO_PKG_VERSION");
        let info = InfoBuilder::new().title("plugo-admin").version(version).description(Some(
            "Status and priority of plugins. What changes something needs the role edit, and \
             says with If-Match for which version it was made.",
        ));
        document.info = info.build();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("session", scheme);
    }
}

/// The routes, without the path before them.
pub(crate) fn router() -> Router<Arc<Site>> {
    let (router, document) = routes().split_for_parts();
    let document = Arc::new(document);
    // Where it is depends on who asks: a proxy may have it elsewhere than the app.
    let openapi = move |mount: Mount| {
        let mut document = Document::clone(&document);
        document.servers = Some(vec![Server::new(mount.at("/api/v1"))]);
        async move { ([("content-type", "application/json")], document.to_json().unwrap_or_default()) }
    };
    router
        .route("/openapi.json", get(openapi))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
}

fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(types::routes())
        .merge(instances::routes())
        .merge(edits::routes())
        .merge(plugins::routes())
        .merge(audit::routes())
        .merge(status::routes())
        .merge(users::routes())
        .merge(session::routes())
}

async fn not_found() -> Response {
    problem::Problem::not_found("address of the API").into_response()
}

async fn wrong_method() -> Response {
    let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    let detail = "this address does something else than what was asked of it";
    problem::Problem::new(status, "urn:plugo:method", detail).into_response()
}
