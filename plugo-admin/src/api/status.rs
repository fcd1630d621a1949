use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Problem;
use crate::auth::Viewer;
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(status))
}

/// How the database is, and what this process goes by.
#[derive(Serialize, ToSchema)]
struct StatusBody {
    /// The database, without a password.
    database: String,
    /// The revision of the database; `null` while it does not answer.
    revision: Option<i64>,
    /// Why it does not answer.
    error: Option<String>,
    /// How this process follows it; `null` where it does not.
    following: Option<FollowingBody>,
}

#[derive(Serialize, ToSchema)]
struct FollowingBody {
    /// The revision that lookups go by.
    revision: i64,
    /// For how many seconds the database has been away; `null` while it is there.
    away: Option<u64>,
    last_error: Option<String>,
    /// Instances whose settings cannot be used, with the reason.
    unusable: Vec<String>,
}

/// How the database is.
#[utoipa::path(
    get,
    path = "/status",
    responses((status = 200, body = StatusBody), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn status(State(site): State<Arc<Site>>, _: Viewer) -> Result<Json<StatusBody>, Problem> {
    let (revision, error) = match site.store.revision().await {
        Ok(revision) => (Some(revision), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let following = site.following.as_ref().map(|following| {
        let status = following.status();
        FollowingBody {
            revision: status.revision,
            away: status.away_since.map(|since| since.elapsed().as_secs()),
            last_error: status.last_error,
            unusable: status.unusable,
        }
    });
    let database = site.store.shown().to_owned();
    Ok(Json(StatusBody { database, revision, error, following }))
}
