use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::failure::{self, Answer};
use super::fields::{Fields, Form, Query};
use super::layout::{go, local, page};
use crate::api::problem::status_of;
use crate::auth::{FormToken, LoginError, Mount, Viewer, session_cookie};
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'p> {
    app: &'p str,
    prefix: &'p str,
    csrf: &'p str,
    next: &'p str,
    name: &'p str,
    error: Option<String>,
    is_out: bool,
}

async fn show(
    State(site): State<Arc<Site>>,
    mount: Mount,
    Extension(FormToken(csrf)): Extension<FormToken>,
    viewer: Option<Viewer>,
    Query(query): Query,
) -> Response {
    let next = local(query.get("next")).unwrap_or("/");
    if viewer.is_some() || !site.guard.is_built_in() {
        return go(&mount, next);
    }
    form(&site, &mount, &csrf, &query, None, StatusCode::OK)
}

fn form(
    site: &Site,
    mount: &Mount,
    csrf: &str,
    fields: &Fields,
    error: Option<String>,
    status: StatusCode,
) -> Response {
    let next = local(fields.get("next")).unwrap_or("/");
    page(
        status,
        &Page {
            app: &site.title,
            prefix: &mount.prefix,
            csrf,
            next,
            name: fields.get("name"),
            error,
            is_out: fields.get("out") == "1",
        },
    )
}

async fn log_in(
    State(site): State<Arc<Site>>,
    mount: Mount,
    Extension(FormToken(csrf)): Extension<FormToken>,
    viewer: Option<Viewer>,
    Form(fields): Form,
) -> Response {
    let (name, password) = (fields.get("name"), fields.get("password"));
    let before = viewer.as_ref().and_then(Viewer::token);
    let (status, text) = match site.guard.log_in(&mount, name, password, before).await {
        Ok((_, opened)) => {
            let mut response = go(&mount, local(fields.get("next")).unwrap_or("/"));
            let cookie = session_cookie(Some(&opened.token), &mount);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            return response;
        }
        Err(LoginError::NotHere) => return go(&mount, "/"),
        Err(LoginError::Wrong) => {
            (StatusCode::UNAUTHORIZED, "The name or the password is not right.".to_owned())
        }
        Err(LoginError::TooOften(wait)) => {
            let seconds = wait.as_secs() + 1;
            let text = format!("There were too many tries. Try again in {seconds} seconds.");
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = form(&site, &mount, &csrf, &fields, Some(text), status);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return response;
        }
        Err(LoginError::Store(error)) => {
            tracing::warn!(%error, "a login could not be checked");
            (status_of(&error), failure::NO_ANSWER.to_owned())
        }
    };
    form(&site, &mount, &csrf, &fields, Some(text), status)
}

async fn log_out(State(site): State<Arc<Site>>, viewer: Viewer) -> Answer {
    site.guard.log_out(viewer.token()).await.map_err(failure::store(&viewer))?;
    let mount = viewer.mount();
    let mut response = match site.guard.is_built_in() {
        true => go(mount, "/login?out=1"),
        false => go(mount, "/"),
    };
    response.headers_mut().append(header::SET_COOKIE, session_cookie(None, mount));
    Ok(response.into_response())
}
