use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::failure::{self, Answer, Failure};
use super::fields::{Fields, Form, Query};
use super::layout::{Shell, go, page};
use super::text;
use crate::auth::{Editor, Viewer};
use crate::error::UserError;
use crate::model::{Role, User, WordError};
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/users", get(show))
        .route("/users/add", post(add))
        .route("/users/role", post(role))
        .route("/users/password", post(password))
        .route("/users/disable", post(disable))
}

#[derive(Template)]
#[template(path = "users.html")]
struct Page {
    shell: Shell,
    users: Vec<User>,
    name: String,
    error: Option<String>,
}

async fn show(State(site): State<Arc<Site>>, viewer: Viewer, Query(query): Query) -> Answer {
    shown(&site, &viewer, &query, "", None).await
}

/// The page, with why a user was not saved, and the name of one that was not added.
async fn shown(
    site: &Site,
    viewer: &Viewer,
    fields: &Fields,
    new: &str,
    error: Option<String>,
) -> Answer {
    only_built_in(site, viewer)?;
    let users = site.store.list_users().await.map_err(failure::store(viewer))?;
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let shell = Shell::new(site, viewer, "users", "Users", fields);
    Ok(page(status, &Page { shell, users, name: new.to_owned(), error }))
}

/// Where the app knows who is who, the store's users may do nothing.
fn only_built_in(site: &Site, viewer: &Viewer) -> Result<(), Failure> {
    if site.guard.is_built_in() { Ok(()) } else { Err(failure::missing(viewer, "page")) }
}

async fn done(site: &Site, viewer: &Viewer, new: &str, result: Result<(), UserError>) -> Answer {
    match result {
        Ok(()) => Ok(go(viewer.mount(), "/users?done=user")),
        Err(UserError::Store(error)) => Err(failure::store(viewer)(error)),
        Err(error) => shown(site, viewer, &Fields::default(), new, Some(format!("{error}."))).await,
    }
}

fn said_role(fields: &Fields) -> Result<Role, UserError> {
    fields.get("role").parse().map_err(|why: WordError| UserError::Invalid(why.to_string()))
}

async fn add(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Form(fields): Form,
) -> Answer {
    only_built_in(&site, &viewer)?;
    let actor = editor.actor();
    let (name, password) = (fields.get("name"), fields.get("password"));
    let result = match said_role(&fields) {
        Ok(role) => site.store.add_user(&actor, name, password, role).await.map(drop),
        Err(error) => Err(error),
    };
    done(&site, &viewer, name, result).await
}

async fn role(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Form(fields): Form,
) -> Answer {
    only_built_in(&site, &viewer)?;
    let name = fields.get("name");
    let result = match said_role(&fields) {
        Ok(role) => site.store.set_role_by(&editor.actor(), editor.user(), name, role).await,
        Err(error) => Err(error),
    };
    done(&site, &viewer, "", result).await
}

async fn password(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Form(fields): Form,
) -> Answer {
    only_built_in(&site, &viewer)?;
    let (name, password) = (fields.get("name"), fields.get("password"));
    let result = site.store.set_password(&editor.actor(), name, password).await;
    done(&site, &viewer, "", result).await
}

async fn disable(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Form(fields): Form,
) -> Answer {
    only_built_in(&site, &viewer)?;
    let (name, is_disabled) = (fields.get("name"), fields.get("disabled") == "yes");
    let result = match is_disabled {
        true => site.store.disable_user_by(&editor.actor(), editor.user(), name).await,
        false => site.store.enable_user(&editor.actor(), name).await,
    };
    done(&site, &viewer, "", result).await
}
