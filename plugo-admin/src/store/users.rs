use sqlx::Row;
use sqlx::any::AnyRow;

use super::audit::{self, Line};
use super::passwords::{decoy, fits, hash};
use super::sql::{Bound, flag, has_nul, parsed, revision, statement};
use super::{Store, Tx};
use crate::error::{Error, UserError};
use crate::model::{Actor, At, Role, User, UserId};

pub(super) const USER: &str = "id, name, role, disabled, created";

impl Store {
    /// Adds a user, whose password is kept as an Argon2id hash.
    ///
    /// # Errors
    ///
    /// [`UserError::Invalid`] where the name is empty, longer than 100 characters or
    /// has characters that do not show, or the password is shorter than 12 or longer than 1,024 bytes;
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
        let mut tx = self.begin_beside(doing).await?;
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
        self.commit_beside(tx, doing).await?;
        Ok(id)
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
        let right = fits(password, stored).await;
        Ok(user.filter(|_| right))
    }
}

/// A name to look for. No user has one with a NUL, with which PostgreSQL refuses to
/// compare, and none has an empty one.
pub(super) fn wanted(name: &str) -> Bound {
    let name = name.trim();
    if has_nul(name) { "".into() } else { name.into() }
}

pub(super) async fn write(tx: &mut Tx, actor: &Actor, line: Line) -> sqlx::Result<()> {
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
