use std::time::Duration;

use axum::http::HeaderValue;

use super::guard::{Guard, SESSION};
use super::mount::Mount;
use super::who::Oneself;
use super::{Kind, cookies};
use crate::error::{Error, UserError};
use crate::model::User;
use crate::store::OpenedSession;

/// Why somebody is not logged in.
#[derive(Debug)]
pub(crate) enum LoginError {
    /// The app knows by itself who is who.
    NotHere,
    /// There is no such user, or the password is another one, or the user is
    /// disabled: which of them is not told.
    Wrong,
    /// There were too many tries; so long to wait.
    TooOften(Duration),
    /// The database did not say.
    Store(Error),
}

/// Why somebody's own password was not changed.
#[derive(Debug)]
pub(crate) enum PasswordError {
    /// With the old one they would not be logged in.
    Login(LoginError),
    /// The new one does not do.
    User(UserError),
}

impl Guard {
    /// Who has this name and password. How often that is asked is limited, whatever it
    /// is asked for.
    async fn checked(&self, mount: &Mount, name: &str, password: &str) -> Result<User, LoginError> {
        let counted = self.throttle.check(name, mount.address).map_err(LoginError::TooOften)?;
        let free = tokio::time::timeout(Duration::from_secs(5), self.checks.acquire()).await;
        let Ok(Ok(_permit)) = free else {
            return Err(LoginError::TooOften(Duration::from_secs(5)));
        };
        let user = self.store.verify_password(name, password).await.map_err(LoginError::Store)?;
        // Only guesses count.
        if user.is_some() {
            self.throttle.give_back(&counted);
        }
        user.ok_or_else(|| {
            let address = mount.address.map(|address| address.to_string());
            tracing::info!(address, "a password was refused");
            LoginError::Wrong
        })
    }

    /// Changes somebody's own password, and ends their other sessions.
    pub(crate) async fn change_password(
        &self,
        mount: &Mount,
        oneself: &Oneself,
        old: &str,
        new: &str,
    ) -> Result<(), PasswordError> {
        let (true, Some(token)) = (self.is_built_in(), &oneself.token) else {
            return Err(PasswordError::Login(LoginError::NotHere));
        };
        let checked = self.checked(mount, &oneself.name, old).await;
        let user = checked.map_err(PasswordError::Login)?;
        let done = self.store.set_own_password(&oneself.actor(), &user.name, new, token).await;
        done.map_err(PasswordError::User)
    }

    /// Opens a session, and ends the one that there was.
    pub(crate) async fn log_in(
        &self,
        mount: &Mount,
        name: &str,
        password: &str,
        before: Option<&str>,
    ) -> Result<(User, OpenedSession), LoginError> {
        let Kind::BuiltIn { lifetime, .. } = self.auth.0 else { return Err(LoginError::NotHere) };
        let user = self.checked(mount, name, password).await?;
        let opened = self.store.open_session(user.id, lifetime).await.map_err(LoginError::Store)?;
        if let Some(before) = before {
            self.store.close_session(before).await.map_err(LoginError::Store)?;
        }
        tracing::info!(user = user.name, "logged in");
        Ok((user, opened))
    }

    /// Ends a session.
    pub(crate) async fn log_out(&self, token: Option<&str>) -> Result<(), Error> {
        match token {
            Some(token) => {
                self.recent.forget(token);
                self.store.close_session(token).await
            }
            None => Ok(()),
        }
    }
}

/// The cookie of a session, or the end of it.
pub(crate) fn session_cookie(token: Option<&str>, mount: &Mount) -> HeaderValue {
    cookies::set(SESSION, token, mount)
}
