use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::{Markup, html};
use serde::Serialize;
use web_site::{Refusal, page};

/// What this build has.
#[derive(Serialize)]
struct Build {
    app: &'static str,
    client: Option<&'static str>,
    plugins: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    version: &'static str,
    description: &'static str,
    state: String,
    /// Where a plugin that loaded has its routes.
    link: Option<String>,
}

pub(crate) fn routes(report: &plugo::Report) -> Router {
    let plugins = report.plugins().map(|entry| {
        let plugin = entry.plugin();
        let loaded = matches!(entry.state(), plugo::State::Loaded);
        Entry {
            name: plugin.name(),
            version: plugin.version(),
            description: plugin.description(),
            state: entry.state().to_string(),
            link: loaded.then(|| format!("/{}", plugin.name())),
        }
    });
    let build = Build {
        app: crate::PLUGINS.app(),
        client: crate::PLUGINS.client(),
        plugins: plugins.collect(),
    };
    Router::new()
        .route("/", get(index))
        .route("/plugins.json", get(list))
        .route("/manifest.json", get(manifest))
        .with_state(Arc::new(build))
}

async fn index(State(build): State<Arc<Build>>) -> Markup {
    let list = html! {
        p { "This build is for " strong { (build.client.unwrap_or("no client in particular")) } "." }
        table {
            tr { th { "Plugin" } th { "Version" } th { "What it is" } th { "State" } }
            @for plugin in &build.plugins {
                tr {
                    td {
                        @match &plugin.link {
                            Some(link) => a href=(link) { (plugin.name) },
                            None => (plugin.name),
                        }
                    }
                    td { (plugin.version) }
                    td { (plugin.description) }
                    td { (plugin.state) }
                }
            }
        }
        p {
            "The same as " a href="/plugins.json" { "JSON" } "; the "
            a href="/manifest.json" { "manifest" } " of this build."
        }
    };
    page("Plugins", &list)
}

async fn list(State(build): State<Arc<Build>>) -> Response {
    Json(&*build).into_response()
}

async fn manifest() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], plugo::manifest!())
}

pub(crate) async fn nothing(uri: Uri) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("there is nothing at `{}`", uri.path()))
}

pub(crate) async fn not_so(method: Method, uri: Uri) -> Refusal {
    let error = format!("`{}` cannot be asked with {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error)
}
