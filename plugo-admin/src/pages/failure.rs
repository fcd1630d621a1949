use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::fields::query;
use super::layout::{go, local, page};
use super::text::{self, sentence};
use crate::api::problem::{self, status_of};
use crate::auth::{Mount, Refusal, Unanswered, Viewer};
use crate::error::{EditError, Error};
use crate::site::Site;

/// A page that could not be shown, with the one that is in its place.
pub(super) struct Failure(Box<Response>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Response> for Failure {
    fn from(response: Response) -> Self {
        Failure(Box::new(response))
    }
}

/// What a handler of a page gives.
pub(super) type Answer = Result<Response, Failure>;

#[derive(Template)]
#[template(path = "failure.html")]
struct Page<'p> {
    prefix: &'p str,
    title: &'p str,
    text: &'p str,
    is_known: bool,
    can_log_in: bool,
}

/// A page that says what is wrong.
pub(super) fn tell(mount: &Mount, status: StatusCode, title: &str, text: &str) -> Failure {
    let is_known = status != StatusCode::UNAUTHORIZED;
    shown(mount, status, title, text, is_known, false)
}

fn shown(
    mount: &Mount,
    status: StatusCode,
    title: &str,
    text: &str,
    is_known: bool,
    can_log_in: bool,
) -> Failure {
    page(status, &Page { prefix: &mount.prefix, title, text, is_known, can_log_in }).into()
}

/// What the database did not do, as a page.
pub(super) fn store(viewer: &Viewer) -> impl Fn(Error) -> Failure + '_ {
    move |error| of_store(viewer.mount(), &error)
}

/// What is told to somebody who is not known yet. What the database says has its
/// host, user and path in it, so that is in the log alone.
pub(super) const NO_ANSWER: &str = "The database did not answer, so nobody can log in or be \
    recognized now. Try again later.";

/// What somebody is told who was known while the database answered.
fn away_text(error: &Error, away: Option<Duration>) -> String {
    let since = away.map(|away| format!(" It has been away for {away:.0?}.")).unwrap_or_default();
    format!(
        "{}{since} Until it is back nobody can be recognized here, nothing can be changed, and the \
         app goes by what was known before.",
        sentence(&error.to_string())
    )
}

fn of_store(mount: &Mount, error: &Error) -> Failure {
    let status = status_of(error);
    if let Error::Search { .. } = error {
        return tell(mount, status, "This cannot be searched for", &error.to_string());
    }
    tracing::warn!(%error, "a page could not be shown");
    tell(mount, status, "The database did not answer this", &error.to_string())
}

/// An edit that was not done, as a page; where the editor can go on in the form, the
/// form is shown instead.
pub(super) fn edit(viewer: &Viewer, error: EditError) -> Failure {
    let mount = viewer.mount();
    match error {
        EditError::Store(error) => of_store(mount, &error),
        EditError::NotFound(_) => missing(viewer, "instance"),
        EditError::Conflict(conflict) => {
            tell(mount, StatusCode::CONFLICT, "Somebody else was faster", &conflict.to_string())
        }
        error => {
            let text = error.to_string();
            tell(mount, StatusCode::UNPROCESSABLE_ENTITY, "Nothing was changed", &text)
        }
    }
}

pub(super) fn missing(viewer: &Viewer, what: &str) -> Failure {
    let text = format!("There is no such {what}, or there is none any more.");
    tell(viewer.mount(), StatusCode::NOT_FOUND, "Not found", &text)
}

pub(super) fn too_large(parts: &Parts) -> Response {
    match parts.extensions.get::<Mount>() {
        Some(mount) => refused(Refusal::TooLarge, mount, false),
        None => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

/// How the guard's refusals look like.
pub(super) fn refused(refusal: Refusal, mount: &Mount, is_api: bool) -> Response {
    if is_api {
        return problem::refused(&refusal);
    }
    let failure = match refusal {
        Refusal::Unknown { login: true, changes: false } => {
            let next = local(&mount.here).filter(|next| *next != "/").unwrap_or_default();
            return go(mount, &format!("/login{}", query(&[("next", next)])));
        }
        Refusal::Unknown { login: true, changes: true } => {
            let text = "You are not logged in any more, so nothing was changed. Log in, in another \
                tab for example, then go back and send it again.";
            shown(mount, StatusCode::UNAUTHORIZED, "Not logged in", text, false, true)
        }
        Refusal::Unknown { login: false, .. } => {
            let text =
                "The app does not know who you are, and these pages are for people it knows.";
            tell(mount, StatusCode::UNAUTHORIZED, "Not logged in", text)
        }
        Refusal::NotEditor => {
            let text = "Your role is “view”: you see everything here, and change nothing. Nothing \
                was changed.";
            tell(mount, StatusCode::FORBIDDEN, "Not for your role", text)
        }
        Refusal::Foreign => {
            let text = "This did not come from a page of this login, so nothing was changed. Go \
                back, load the page anew, and try again.";
            tell(mount, StatusCode::FORBIDDEN, "Not from this page", text)
        }
        Refusal::TooLarge => {
            let text = "This is larger than what is read here, so nothing was changed.";
            tell(mount, StatusCode::PAYLOAD_TOO_LARGE, "Too large", text)
        }
        Refusal::Store(unanswered) => {
            let Unanswered { error, was_known, away } = &*unanswered;
            tracing::warn!(%error, "who sent a request could not be looked up");
            let title = "The database did not answer this";
            let text = match was_known {
                true => away_text(error, *away),
                false => NO_ANSWER.to_owned(),
            };
            shown(mount, status_of(error), title, &text, false, false)
        }
    };
    failure.into_response()
}

pub(super) async fn not_found(State(_): State<Arc<Site>>, mount: Mount) -> Response {
    let text = "There is no such page.";
    tell(&mount, StatusCode::NOT_FOUND, "Not found", text).into_response()
}

pub(super) async fn wrong_method(mount: Mount) -> Response {
    let text = "This address does something else than what was asked of it.";
    let mut response =
        tell(&mount, StatusCode::METHOD_NOT_ALLOWED, "Not possible here", text).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}
