use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Problem;
use crate::auth::{LoginError, Mount, Viewer};
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(log_in, log_out))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    name: String,
    password: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
struct SessionBody {
    /// For `Authorization: Bearer …`.
    token: String,
    /// When the session ends, in milliseconds since 1970 (UTC); without use, earlier.
    expires: i64,
    /// `view` or `edit`.
    role: String,
}

/// Logs in.
#[utoipa::path(
    post,
    path = "/session",
    request_body = Login,
    security(()),
    responses(
        (status = 200, body = SessionBody),
        (status = 429, description = "Too many tries; `Retry-After` says how long to wait.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn log_in(
    State(site): State<Arc<Site>>,
    mount: Mount,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    match site.guard.log_in(&mount, &login.name, &login.password, None).await {
        Ok((user, opened)) => {
            let role = user.role.to_string();
            let body = SessionBody { token: opened.token, expires: opened.expires.0, role };
            Ok(Json(body).into_response())
        }
        Err(LoginError::NotHere) => Err(Problem::not_found("address of the API")),
        Err(LoginError::Wrong) => {
            let detail = "the name or the password is not right";
            Err(Problem::new(StatusCode::UNAUTHORIZED, "urn:plugo:login", detail))
        }
        Err(LoginError::TooOften(wait)) => {
            let seconds = wait.as_secs() + 1;
            let detail = format!("there were too many tries; try again in {seconds} seconds");
            let status = StatusCode::TOO_MANY_REQUESTS;
            let problem = Problem::new(status, "urn:plugo:too-often", detail);
            let mut response = problem.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        Err(LoginError::Store(error)) => Err(Problem::of_unknown(&error)),
    }
}

/// Ends the session.
#[utoipa::path(
    delete,
    path = "/session",
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn log_out(State(site): State<Arc<Site>>, viewer: Viewer) -> Result<StatusCode, Problem> {
    site.guard.log_out(viewer.token()).await?;
    Ok(StatusCode::NO_CONTENT)
}
