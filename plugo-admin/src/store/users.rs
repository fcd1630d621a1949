use std::fmt;
use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::audit::{self, Line};
use super::sql::{Bound, flag, has_nul, parsed, revision, statement};
use super::{Store, Tx};
use crate::error::Error;
use crate::model::{Actor, At, Role, User, UserId};
use crate::secrets::random;

/// The shortest password, in characters.
const SHORTEST: usize = 12;

/// A longer password is not hashed: that would cost whoever sends it nothing.
const LONGEST: usize = 1024;

const USER: &str = "id, name, role, disabled, created";

/// What becomes of a user's sessions.
pub(super) enum Sessions {
    Stay,
    End,
    /// All but the one whose token has this hash.
    EndOthers(String),
}

/// Why nothing was done about a user.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserError {
    /// There is no user of this name.
    NotFound(String),
    /// There is a user of this name already.
    NameTaken(String),
    /// The name or the password does not do; the text says why.
    Invalid(String),
    /// The database did not do it.
    Store(Error),
}

impl From<Error> for UserError {
    fn from(error: Error) -> Self {
        UserError::Store(error)
    }
}

impl UserError {
    /// Whether a user may have this name.
    pub(crate) fn check_name(name: &str) -> Result<(), Self> {
        let name = name.trim();
        match (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control) {
            true => Ok(()),
            false => Err(UserError::Invalid(
                "a user's name has 1 to 100 characters, none of them for control".to_owned(),
            )),
        }
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserError::NotFound(name) => write!(f, "there is no user `{name}`"),
            UserError::NameTaken(name) => write!(f, "there is a user `{name}` already"),
            UserError::Invalid(why) => f.write_str(why),
            UserError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for UserError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            UserError::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl Store {
    /// Adds a user, whose password is kept as an Argon2id hash.
    ///
    /// # Errors
    ///
    /// [`UserError::Invalid`] where the name is empty or longer than 100 characters, or
    /// the password is shorter than 12 or longer than 1,024 bytes;
    /// [`UserError::NameTaken`]; those of the database.
    pub async fn add_user(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        role: Role,
    ) -> Result<UserId, UserError> {
        let doing = "save the user";
        UserError::check_name(name)?;
        let name = name.trim().to_owned();
        let password = hash(password).await?;
        let id = UserId::new();
        let mut tx = self.begin_write(doing).await?;
        let work = async {
            let sql = "INSERT INTO plugo_users (id, name, password, role, disabled, created) \
                VALUES ($1, $2, $3, $4, 0, $5)";
            let values = [
                Bound::Text(id.to_string()),
                Bound::Text(name.clone()),
                Bound::Text(password),
                Bound::from(role.as_str()),
                Bound::Number(At::now().0),
            ];
            statement(sql, values).execute(&mut *tx).await?;
            let line = Line::new("created", "user", id, &*name);
            let line = line.field("role", None, Some(role.to_string()));
            write(&mut tx, actor, line).await
        };
        work.await.map_err(|error| match &error {
            sqlx::Error::Database(said) if said.is_unique_violation() => {
                UserError::NameTaken(name.clone())
            }
            _ => self.error(doing, error).into(),
        })?;
        self.commit(tx, doing).await?;
        Ok(id)
    }

    /// Gives a user another password, and ends the user's sessions.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::Invalid`]; those of the database.
    pub async fn set_password(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
    ) -> Result<(), UserError> {
        let password = hash(password).await?;
        let new = |_: &User| (None, Bound::Text(password), "changed".into());
        self.change_user(actor, name, "password", new, Sessions::End).await
    }

    /// Gives a user another role. The user's sessions go by it at once.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`]; those of the database.
    pub async fn set_role(&self, actor: &Actor, name: &str, role: Role) -> Result<(), UserError> {
        let new =
            |user: &User| (Some(user.role.to_string()), role.as_str().into(), role.to_string());
        self.change_user(actor, name, "role", new, Sessions::Stay).await
    }

    /// Keeps a user from logging in, and ends the user's sessions. Users are never
    /// deleted, since the audit log names them.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`]; those of the database.
    pub async fn disable_user(&self, actor: &Actor, name: &str) -> Result<(), UserError> {
        self.change_disabled(actor, name, true).await
    }

    /// Lets a user log in again.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`]; those of the database.
    pub async fn enable_user(&self, actor: &Actor, name: &str) -> Result<(), UserError> {
        self.change_disabled(actor, name, false).await
    }

    async fn change_disabled(
        &self,
        actor: &Actor,
        name: &str,
        disabled: bool,
    ) -> Result<(), UserError> {
        let new = |user: &User| {
            (Some(user.disabled.to_string()), Bound::Small(disabled.into()), disabled.to_string())
        };
        let sessions = if disabled { Sessions::End } else { Sessions::Stay };
        self.change_user(actor, name, "disabled", new, sessions).await
    }

    /// All users, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list_users(&self) -> Result<Vec<User>, Error> {
        let doing = "read the users";
        let mut connection = self.connection(doing).await?;
        let sql = format!("SELECT {USER} FROM plugo_users ORDER BY name");
        let rows = sqlx::query(&sql).fetch_all(&mut *connection).await;
        self.rows(doing, rows, user)
    }

    /// The user, if there is one of this name and password who is not disabled. It
    /// takes the same time where there is none, and it takes much of it: the caller
    /// limits how often it is asked.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn verify_password(&self, name: &str, password: &str) -> Result<Option<User>, Error> {
        let doing = "check the password";
        let mut connection = self.connection(doing).await?;
        let sql = format!("SELECT {USER}, password FROM plugo_users WHERE name = $1");
        let found = statement(&sql, [wanted(name)])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| {
                row.map(|row| Ok((user(&row)?, row.try_get::<String, _>("password")?))).transpose()
            })
            .map_err(|e| self.error(doing, e))?;
        drop(connection);
        let (user, stored) = match found {
            Some((user, stored)) if !user.disabled => (Some(user), stored),
            _ => (None, decoy()?),
        };
        let password = password.to_owned();
        let right = blocking(move || {
            let stored = PasswordHash::new(&stored).map_err(|error| error.to_string())?;
            let fits = password.len() <= LONGEST;
            Ok(fits && Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
        });
        let right = right.await == Ok(true);
        Ok(user.filter(|_| right))
    }

    pub(super) async fn change_user(
        &self,
        actor: &Actor,
        name: &str,
        field: &'static str,
        new: impl FnOnce(&User) -> (Option<String>, Bound, String),
        sessions: Sessions,
    ) -> Result<(), UserError> {
        let doing = "save the user";
        let mut tx = self.begin_write(doing).await?;
        let sql = format!("SELECT {USER} FROM plugo_users WHERE name = $1");
        let found = statement(&sql, [wanted(name)])
            .fetch_optional(&mut *tx)
            .await
            .and_then(|row| row.map(|row| user(&row)).transpose())
            .map_err(|e| self.error(doing, e))?;
        let known = found.ok_or_else(|| UserError::NotFound(name.to_owned()))?;
        let (before, value, after) = new(&known);
        if before.as_deref() == Some(&*after) {
            return Ok(());
        }
        let work = async {
            let sql = format!("UPDATE plugo_users SET {field} = $1 WHERE id = $2");
            let id = Bound::Text(known.id.to_string());
            statement(&sql, [value, id.clone()]).execute(&mut *tx).await?;
            let kept = match sessions {
                Sessions::Stay => None,
                // No session has a hash that is empty.
                Sessions::End => Some(String::new()),
                Sessions::EndOthers(kept) => Some(kept),
            };
            if let Some(kept) = kept {
                let sql = "DELETE FROM plugo_sessions WHERE user_id = $1 AND token_hash <> $2";
                statement(sql, [id, Bound::Text(kept)]).execute(&mut *tx).await?;
            }
            let line = Line::new("changed", "user", known.id, &*known.name);
            write(&mut tx, actor, line.field(field, before, Some(after))).await
        };
        work.await.map_err(|e| self.error(doing, e))?;
        self.commit(tx, doing).await?;
        Ok(())
    }
}

/// A name to look for. No user has one with a NUL, with which PostgreSQL refuses to
/// compare, and none has an empty one.
fn wanted(name: &str) -> Bound {
    let name = name.trim();
    if has_nul(name) { "".into() } else { name.into() }
}

async fn write(tx: &mut Tx, actor: &Actor, line: Line) -> sqlx::Result<()> {
    let revision = revision(tx).await?;
    audit::write(tx, actor, vec![line], revision).await
}

pub(super) fn user(row: &AnyRow) -> sqlx::Result<User> {
    Ok(User {
        id: parsed(row, "id")?,
        name: row.try_get("name")?,
        role: parsed(row, "role")?,
        disabled: flag(row, "disabled")?,
        created: At(row.try_get("created")?),
    })
}

/// Hashing takes tens of milliseconds, during which no other task would run.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
}

pub(super) async fn hash(password: &str) -> Result<String, UserError> {
    if password.chars().count() < SHORTEST {
        return Err(UserError::Invalid(format!("a password has at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(UserError::Invalid(format!("a password has at most {LONGEST} bytes")));
    }
    let password = password.to_owned();
    let hashed = blocking(move || hashed(password.as_bytes())).await;
    hashed.map_err(|why| UserError::Store(Error::Secret(why)))
}

fn hashed(password: &[u8]) -> Result<String, String> {
    let salt = random::<16>().map_err(|error| error.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password, &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// The hash that is checked where there is no user, so that this takes as long.
fn decoy() -> Result<String, Error> {
    static DECOY: OnceLock<String> = OnceLock::new();
    if let Some(decoy) = DECOY.get() {
        return Ok(decoy.clone());
    }
    let new = hashed(&random::<16>()?).map_err(Error::Secret)?;
    Ok(DECOY.get_or_init(|| new).clone())
}
