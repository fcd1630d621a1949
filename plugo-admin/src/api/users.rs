use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::UserBody;
use super::extract::{Id, Json};
use super::problem::Problem;
use crate::auth::{Editor, Viewer};
use crate::model::Role;
use crate::site::Site;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(change))
}

/// Where the app knows who is who, there are no users here.
fn only_built_in(site: &Site) -> Result<(), Problem> {
    if site.guard.is_built_in() { Ok(()) } else { Err(Problem::not_found("address of the API")) }
}

/// Everybody who may log in, by name.
#[utoipa::path(
    get,
    path = "/users",
    responses((status = 200, body = Vec<UserBody>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(site): State<Arc<Site>>, _: Viewer) -> Result<Json<Vec<UserBody>>, Problem> {
    only_built_in(&site)?;
    let users = site.store.list_users().await?;
    Ok(Json(users.into_iter().map(UserBody::from).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    /// At least 12 characters.
    password: String,
    /// `view` or `edit`.
    role: String,
}

/// Adds a user.
#[utoipa::path(
    post,
    path = "/users",
    request_body = NewUser,
    responses((status = 201), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn add(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Json(new): Json<NewUser>,
) -> Result<StatusCode, Problem> {
    only_built_in(&site)?;
    let role: Role = new.role.parse()?;
    site.store.add_user(&editor.actor(), &new.name, &new.password, role).await?;
    Ok(StatusCode::CREATED)
}

/// One thing about a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserPatch {
    /// `view` or `edit`.
    role: Option<String>,
    /// At least 12 characters. The user's sessions end.
    password: Option<String>,
    /// Whether the user is kept from logging in. If so, the sessions end.
    disabled: Option<bool>,
}

/// Changes a user.
#[utoipa::path(
    patch,
    path = "/users/{name}",
    params(("name" = String, Path, description = "The name of the user.")),
    request_body = UserPatch,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn change(
    State(site): State<Arc<Site>>,
    _: Viewer,
    editor: Editor,
    Id(name): Id<String>,
    Json(patch): Json<UserPatch>,
) -> Result<StatusCode, Problem> {
    only_built_in(&site)?;
    let (actor, by) = (editor.actor(), editor.user());
    match (patch.role, patch.password, patch.disabled) {
        (Some(word), None, None) => {
            let role: Role = word.parse()?;
            site.store.set_role_by(&actor, by, &name, role).await?;
        }
        (None, Some(password), None) => site.store.set_password(&actor, &name, &password).await?,
        (None, None, Some(true)) => site.store.disable_user_by(&actor, by, &name).await?,
        (None, None, Some(false)) => site.store.enable_user(&actor, &name).await?,
        _ => return Err(Problem::invalid("say one thing: role, password or disabled")),
    }
    Ok(StatusCode::NO_CONTENT)
}
