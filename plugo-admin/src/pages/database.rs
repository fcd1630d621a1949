use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::failure::Answer;
use super::fields::Query;
use super::layout::{Shell, page};
use super::text;
use crate::auth::Viewer;
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/database", get(show))
}

#[derive(Template)]
#[template(path = "database.html")]
struct Page {
    shell: Shell,
    database: String,
    tables: Result<(i64, i64), String>,
    revision: Result<i64, String>,
    following: Option<Following>,
}

struct Following {
    revision: i64,
    away: Option<String>,
    error: Option<String>,
    unusable: Vec<String>,
}

/// It is shown while the database is away, too: that is when it is asked for.
async fn show(State(site): State<Arc<Site>>, viewer: Viewer, Query(query): Query) -> Answer {
    let tables = site.store.versions().await.map_err(|error| error.to_string());
    let revision = site.store.revision().await.map_err(|error| error.to_string());
    let following = site.following.as_ref().map(|following| {
        let status = following.status();
        let away = status.away_since.map(|since| format!("{:.0?}", since.elapsed()));
        Following {
            revision: status.revision,
            away,
            error: status.last_error,
            unusable: status.unusable,
        }
    });
    let shell = Shell::new(&site, &viewer, "database", "Database", &query);
    let database = site.store.shown().to_owned();
    Ok(page(StatusCode::OK, &Page { shell, database, tables, revision, following }))
}
