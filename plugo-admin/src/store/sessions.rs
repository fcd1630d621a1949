use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::Store;
use super::passwords::hash;
use super::sql::{Bound, statement};
use super::user_changes::{Sessions, Takes};
use super::users::user;
use crate::error::{Error, UserError};
use crate::model::{Actor, At, User, UserId};
use crate::secrets::random;

/// A session that was just opened: the only time that its token is known.
#[non_exhaustive]
pub struct OpenedSession {
    /// For the cookie. The database has only a hash of it.
    pub token: String,
    /// What every form of the session carries.
    pub csrf: String,
    /// When the session ends.
    pub expires: At,
}

impl fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedSession").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Somebody who is logged in.
#[derive(Clone)]
#[non_exhaustive]
pub struct Session {
    /// The user, as the database has it now.
    pub user: User,
    /// What every form of the session carries.
    pub csrf: String,
    /// When the session ends.
    pub expires: At,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = (&self.user, &self.expires);
        f.debug_struct("Session")
            .field("user", fields.0)
            .field("expires", fields.1)
            .finish_non_exhaustive()
    }
}

/// Why somebody asks for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionUse {
    /// Somebody uses it, which keeps it open.
    Used,
    /// Something looks by itself, as a page does in the background: that keeps no
    /// session open.
    Looked,
}

impl Store {
    /// Opens a session of a user, and forgets those that have ended.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn open_session(
        &self,
        user: UserId,
        lifetime: Duration,
    ) -> Result<OpenedSession, Error> {
        let doing = "open a session";
        let (token, csrf) = (fresh()?, fresh()?);
        let now = At::now();
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let expires = At(now.0.saturating_add(lifetime));
        let mut tx = self.begin_beside(doing).await?;
        let work = async {
            let sql = "DELETE FROM plugo_sessions WHERE expires <= $1";
            statement(sql, [Bound::Number(now.0)]).execute(&mut *tx).await?;
            let sql = "INSERT INTO plugo_sessions (token_hash, user_id, csrf, created, expires, \
                last_seen) VALUES ($1, $2, $3, $4, $5, $4)";
            let values = [
                Bound::Text(hashed(&token)),
                Bound::Text(user.to_string()),
                Bound::Text(csrf.clone()),
                Bound::Number(now.0),
                Bound::Number(expires.0),
            ];
            statement(sql, values).execute(&mut *tx).await
        };
        work.await.map_err(|e| self.error(doing, e))?;
        tx.commit().await.map_err(|e| self.error(doing, e))?;
        Ok(OpenedSession { token, csrf, expires })
    }

    /// The session of a token, if it has not ended and its user is not disabled.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, Error> {
        self.session_within(token, Duration::MAX, SessionUse::Used).await
    }

    /// The same, if it was used in the time before, too.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn session_within(
        &self,
        token: &str,
        idle: Duration,
        what: SessionUse,
    ) -> Result<Option<Session>, Error> {
        let doing = "read a session";
        let mut connection = self.connection(doing).await?;
        let (now, hash) = (At::now().0, hashed(token));
        let sql = "SELECT u.id, u.name, u.role, u.disabled, u.created, s.csrf, s.expires, \
            s.last_seen FROM plugo_sessions s JOIN plugo_users u ON u.id = s.user_id \
            WHERE s.token_hash = $1 AND s.expires > $2 AND s.last_seen >= $3 \
            AND u.disabled = 0";
        let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
        let since = Bound::Number(now.saturating_sub(idle));
        let values = [Bound::Text(hash.clone()), Bound::Number(now), since];
        let found = statement(sql, values)
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| {
                row.map(|row| {
                    let session = Session {
                        user: user(&row)?,
                        csrf: row.try_get("csrf")?,
                        expires: At(row.try_get("expires")?),
                    };
                    Ok((session, row.try_get::<i64, _>("last_seen")?))
                })
                .transpose()
            })
            .map_err(|e| self.error(doing, e))?;
        let Some((session, last_seen)) = found else { return Ok(None) };
        if what == SessionUse::Used {
            self.note_use(hash, last_seen, now);
        }
        Ok(Some(session))
    }

    /// Gives a user another password, as the user asks for it in the session of a token:
    /// the user's other sessions end. Whether the old password is right is for the
    /// caller to check.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::Invalid`]; those of the database.
    pub async fn set_own_password(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        token: &str,
    ) -> Result<(), UserError> {
        let password = hash(password).await?;
        let new = |_: &User| (None, Bound::Text(password), "changed".into());
        let others = Sessions::EndOthers(hashed(token));
        self.change_user(actor, name, "password", new, Takes::Nothing, others).await
    }

    /// Ends a session; one that has ended may be ended again.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn close_session(&self, token: &str) -> Result<(), Error> {
        let doing = "close a session";
        let mut connection = self.connection(doing).await?;
        let sql = "DELETE FROM plugo_sessions WHERE token_hash = $1";
        let closed = statement(sql, [Bound::Text(hashed(token))]).execute(&mut *connection).await;
        closed.map(drop).map_err(|e| self.error(doing, e))
    }
}

fn fresh() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// A token has 32 random bytes, so one round of a fast hash is enough.
fn hashed(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}
