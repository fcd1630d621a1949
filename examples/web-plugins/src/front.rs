use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
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
pub(crate) struct Entry {
    name: &'static str,
    version: &'static str,
    description: &'static str,
    state: String,
    /// Where a plugin that loaded has its routes.
    link: Option<String>,
}

/// The app's own routes beside those of the plugins, and what the app says
/// where there is nothing.
pub(crate) fn around(plugins: Router, entries: Vec<Entry>) -> Router {
    let build =
        Build { app: crate::PLUGINS.app(), client: crate::PLUGINS.client(), plugins: entries };
    Router::new()
        .route("/", get(index))
        .route("/plugins.json", get(list))
        .route("/manifest.json", get(manifest))
        .with_state(Arc::new(build))
        .merge(plugins)
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(16 * 1024))
}

impl Entry {
    pub(crate) fn new(plugin: plugo::PluginInfo, state: &plugo::State) -> Self {
        let is_loaded = matches!(state, plugo::State::Loaded);
        Entry {
            name: plugin.name(),
            version: plugin.version(),
            description: plugin.description(),
            state: state.to_string(),
            link: is_loaded.then(|| format!("/{}", plugin.name())),
        }
    }
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

async fn nothing(uri: Uri) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("there is nothing at `{}`", uri.path()))
}

async fn not_so(method: Method, uri: Uri) -> Refusal {
    let error = format!("`{}` cannot be asked with {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error)
}
