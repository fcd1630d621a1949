//! What the app and its plugins share: the site that they build together, the
//! look of a page, and the form of a refusal. There is no `#[plugin]` here and
//! no metadata, so plugo passes over this crate.

#![forbid(unsafe_code)]

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;

/// The site, as long as plugins add to it.
#[derive(Clone, Debug, Default)]
pub struct Site {
    router: Router,
    shared: Extensions,
}

impl Site {
    /// A site without routes, with what was left in these: for a plugin that has
    /// a site of its own.
    pub fn beside<'s>(others: impl IntoIterator<Item = &'s Site>) -> Self {
        let mut site = Site::default();
        for other in others {
            site.shared.extend(other.shared.clone());
        }
        site
    }

    /// Serves a plugin's routes below `/<name>`. Call it last: what is
    /// mounted stays, even when the init function fails afterwards.
    pub fn mount(&mut self, name: &str, routes: Router) {
        // A clone: `nest` panics when the name is taken, and what other
        // plugins mounted has to outlive that.
        self.router = self.router.clone().nest(&format!("/{name}"), routes);
    }

    /// Leaves a value for the plugins that depend on this one.
    pub fn share<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.shared.insert(value);
    }

    /// The value of that type that a plugin left.
    pub fn shared<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.shared.get().cloned()
    }

    /// The routes of all plugins.
    pub fn into_router(self) -> Router {
        self.router
    }
}

/// A page with the look of the site. Values in `html!` are escaped.
pub fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

/// What an API plugin answers to a request that it cannot serve: a status,
/// and `{"error": "…"}`.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    /// A refusal that says what is wrong.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Refusal { status, error: error.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Refusal::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Refusal::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Refusal::new(rejection.status(), rejection.body_text())
    }
}
