use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Problem;
use crate::auth::{LoginError, Mount, Oneself, PasswordError, Viewer};
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(log_in, log_out)).routes(routes!(change_password))
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
        Err(LoginError::TooOften(wait)) => Ok(too_often(wait)),
        Err(LoginError::Store(error)) => Err(Problem::of_unknown(&error)),
    }
}

fn too_often(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let detail = format!("there were too many tries; try again in {seconds} seconds");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "urn:plugo:too-often", detail);
    let mut response = problem.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Passwords {
    old: String,
    /// At least 12 characters.
    new: String,
}

/// Changes one's own password, whatever the role. One's other sessions end.
#[utoipa::path(
    put,
    path = "/session/password",
    request_body = Passwords,
    responses(
        (status = 204),
        (status = 429, description = "Too many tries; `Retry-After` says how long to wait.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn change_password(
    State(site): State<Arc<Site>>,
    mount: Mount,
    oneself: Oneself,
    Json(Passwords { old, new }): Json<Passwords>,
) -> Result<Response, Problem> {
    match site.guard.change_password(&mount, &oneself, &old, &new).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(PasswordError::Login(LoginError::NotHere)) => {
            Err(Problem::not_found("address of the API"))
        }
        Err(PasswordError::Login(LoginError::Wrong)) => {
            Err(Problem::invalid("the old password is not right"))
        }
        Err(PasswordError::Login(LoginError::TooOften(wait))) => Ok(too_often(wait)),
        Err(PasswordError::Login(LoginError::Store(error))) => Err(error.into()),
        Err(PasswordError::User(error)) => Err(error.into()),
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
