use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::{get, post};

use super::failure::{self, Answer};
use super::fields::{Fields, Form, Query};
use super::layout::{Shell, go, page};
use super::text;
use crate::auth::{LoginError, Oneself, PasswordError, Viewer};
use crate::error::UserError;
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/account", get(show)).route("/account/password", post(password))
}

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    shell: Shell,
    error: Option<String>,
}

async fn show(State(site): State<Arc<Site>>, viewer: Viewer, Query(query): Query) -> Answer {
    shown(&site, &viewer, &query, StatusCode::OK, None)
}

/// The page, with why the password was not changed.
fn shown(
    site: &Site,
    viewer: &Viewer,
    fields: &Fields,
    status: StatusCode,
    error: Option<String>,
) -> Answer {
    // Where the app knows who is who, there is no password here.
    if !site.guard.is_built_in() {
        return Err(failure::missing(viewer, "page"));
    }
    let shell = Shell::new(site, viewer, "account", "Your account", fields);
    Ok(page(status, &Page { shell, error }))
}

async fn password(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    oneself: Oneself,
    Form(fields): Form,
) -> Answer {
    let none = Fields::default();
    let refused = |status, why: &str| shown(&site, &viewer, &none, status, Some(why.to_owned()));
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let (old, new) = (fields.get("old"), fields.get("password"));
    if new != fields.get("again") {
        return refused(unfit, "These are two passwords, so nothing was changed.");
    }
    match site.guard.change_password(viewer.mount(), &oneself, old, new).await {
        Ok(()) => Ok(go(viewer.mount(), "/account?done=password")),
        Err(PasswordError::Login(LoginError::NotHere)) => Err(failure::missing(&viewer, "page")),
        Err(PasswordError::Login(LoginError::Wrong)) => {
            refused(unfit, "The old password is not right, so nothing was changed.")
        }
        Err(PasswordError::Login(LoginError::TooOften(wait))) => {
            let seconds = wait.as_secs() + 1;
            let why = format!("There were too many tries. Try again in {seconds} seconds.");
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, &why)?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        Err(
            PasswordError::Login(LoginError::Store(error))
            | PasswordError::User(UserError::Store(error)),
        ) => Err(failure::store(&viewer)(error)),
        Err(PasswordError::User(error)) => {
            refused(unfit, &format!("Nothing was changed: {error}."))
        }
    }
}
