use super::audit::Line;
use super::passwords::hash;
use super::sql::{Bound, statement};
use super::users::{USER, user, wanted, write};
use super::{Store, Tx};
use crate::error::UserError;
use crate::model::{Actor, Role, User, UserId};
use crate::url::Database;

/// What becomes of a user's sessions.
pub(super) enum Sessions {
    Stay,
    End,
    /// All but the one whose token has this hash.
    EndOthers(String),
}

/// Whether a change takes from an editor what makes one.
pub(super) enum Takes {
    Nothing,
    /// It does, from anybody but the user who asks for it.
    Edit(Option<UserId>),
}

impl Store {
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
        self.change_user(actor, name, "password", new, Takes::Nothing, Sessions::End).await
    }

    /// Gives a user another role. The user's sessions go by it at once.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::LastEditor`]; those of the database.
    pub async fn set_role(&self, actor: &Actor, name: &str, role: Role) -> Result<(), UserError> {
        self.set_role_by(actor, None, name, role).await
    }

    /// The same, by a user who takes nothing from themselves.
    pub(crate) async fn set_role_by(
        &self,
        actor: &Actor,
        by: Option<UserId>,
        name: &str,
        role: Role,
    ) -> Result<(), UserError> {
        let new =
            |user: &User| (Some(user.role.to_string()), role.as_str().into(), role.to_string());
        let takes = if role == Role::Edit { Takes::Nothing } else { Takes::Edit(by) };
        self.change_user(actor, name, "role", new, takes, Sessions::Stay).await
    }

    /// Keeps a user from logging in, and ends the user's sessions. Users are never
    /// deleted, since the audit log names them.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::LastEditor`]; those of the database.
    pub async fn disable_user(&self, actor: &Actor, name: &str) -> Result<(), UserError> {
        self.disable_user_by(actor, None, name).await
    }

    /// The same, by a user who does not disable themselves.
    pub(crate) async fn disable_user_by(
        &self,
        actor: &Actor,
        by: Option<UserId>,
        name: &str,
    ) -> Result<(), UserError> {
        self.change_disabled(actor, name, true, Takes::Edit(by)).await
    }

    /// Lets a user log in again.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`]; those of the database.
    pub async fn enable_user(&self, actor: &Actor, name: &str) -> Result<(), UserError> {
        self.change_disabled(actor, name, false, Takes::Nothing).await
    }

    async fn change_disabled(
        &self,
        actor: &Actor,
        name: &str,
        disabled: bool,
        takes: Takes,
    ) -> Result<(), UserError> {
        let new = |user: &User| {
            (Some(user.disabled.to_string()), Bound::Small(disabled.into()), disabled.to_string())
        };
        let sessions = if disabled { Sessions::End } else { Sessions::Stay };
        self.change_user(actor, name, "disabled", new, takes, sessions).await
    }

    pub(super) async fn change_user(
        &self,
        actor: &Actor,
        name: &str,
        field: &'static str,
        new: impl FnOnce(&User) -> (Option<String>, Bound, String),
        takes: Takes,
        sessions: Sessions,
    ) -> Result<(), UserError> {
        let doing = "save the user";
        let mut tx = self.begin_beside(doing).await?;
        let editors = self.editors(&mut tx).await.map_err(|e| self.error(doing, e))?;
        let sql = format!("SELECT {USER} FROM plugo_users WHERE name = $1");
        let found = statement(&sql, [wanted(name)])
            .fetch_optional(&mut *tx)
            .await
            .and_then(|row| row.map(|row| user(&row)).transpose())
            .map_err(|e| self.error(doing, e))?;
        let known = found.ok_or_else(|| UserError::NotFound(name.to_owned()))?;
        if let Takes::Edit(by) = takes {
            if by == Some(known.id) {
                return Err(UserError::Oneself);
            }
            // The request was let in before another editor took that away.
            if by.is_some_and(|by| !editors.contains(&by)) {
                return Err(UserError::NoEditor);
            }
            if editors.contains(&known.id) && editors.len() == 1 {
                return Err(UserError::LastEditor);
            }
        }
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
        self.commit_beside(tx, doing).await?;
        Ok(())
    }

    /// The editors who may log in, of whom nobody else changes one until the end of the
    /// transaction: two editors could take the role from each other.
    async fn editors(&self, tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
        let lock = match self.database() {
            Database::Sqlite { .. } => "",
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => " FOR UPDATE",
        };
        let sql = format!(
            "SELECT {USER} FROM plugo_users WHERE role = 'edit' AND disabled = 0 ORDER BY id{lock}"
        );
        let rows = sqlx::query(&sql).fetch_all(&mut **tx).await?;
        rows.iter().map(|row| Ok(user(row)?.id)).collect()
    }
}
