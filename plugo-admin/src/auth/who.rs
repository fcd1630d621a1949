use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::Identity;
use super::mount::Mount;
use crate::model::{Actor, Role, UserId, Via};

/// Who asks. Only the guard makes one, so a handler that takes it is never called
/// by somebody who is not known.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(super) identity: Identity,
    /// What forms carry.
    pub(super) csrf: String,
    /// The session, where there is one.
    pub(super) token: Option<String>,
    pub(super) mount: Mount,
}

/// Who changes something. Only the guard makes one, once it has seen the role and
/// that the request comes from our own page: and without it there is no [`Actor`].
#[derive(Clone, Debug)]
pub(crate) struct Editor {
    pub(super) name: String,
    /// Which user of the store it is, where there is a session.
    pub(super) user: Option<UserId>,
    pub(super) via: Via,
}

/// Who changes something about themselves, whatever their role. Only the guard makes
/// one, for the paths that are about that, once it has seen that the request comes from
/// our own page.
#[derive(Clone, Debug)]
pub(crate) struct Oneself {
    pub(super) name: String,
    pub(super) via: Via,
    /// The session, which goes on.
    pub(super) token: Option<String>,
}

impl Viewer {
    pub(crate) fn name(&self) -> &str {
        &self.identity.name
    }

    pub(crate) fn role(&self) -> Role {
        self.identity.role
    }

    pub(crate) fn may_edit(&self) -> bool {
        self.identity.role == Role::Edit
    }

    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) fn mount(&self) -> &Mount {
        &self.mount
    }
}

impl Editor {
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::new(&self.name, self.via)
    }
}

impl Oneself {
    pub(super) fn actor(&self) -> Actor {
        Actor::new(&self.name, self.via)
    }
}

// A route without the guard is a mistake of ours, and lets nobody in.
impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

impl<S: Sync> FromRequestParts<S> for Editor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::FORBIDDEN)
    }
}

impl<S: Sync> FromRequestParts<S> for Oneself {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::FORBIDDEN)
    }
}

impl<S: Sync> FromRequestParts<S> for Mount {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
