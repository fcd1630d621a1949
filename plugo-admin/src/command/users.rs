use super::answer::{Answer, table};
use super::arguments::UserCommand;
use super::asking::{password, unless_ended};
use super::audit::time;
use super::failure::{Failure, Hint};
use super::opening::Opening;
use super::set::actor;
use crate::error::UserError;
use crate::store::Store;

/// `db user`.
pub(super) async fn user(
    opening: &Opening,
    answer: Answer,
    command: UserCommand,
) -> Result<(), Failure> {
    let mut store = opening.existing().await?;
    let (name, what) = match command {
        UserCommand::List => return list(&store, answer, &opening.program).await,
        UserCommand::Add { name, role } => {
            UserError::check_name(&name)?;
            if store.list_users().await?.iter().any(|user| user.name == name.trim()) {
                return Err(UserError::NameTaken(name).into());
            }
            store = with_password(opening, &name, async |store, password| {
                store.add_user(&actor(), &name, password, role).await.map(drop)
            })
            .await?;
            (name, format!("may log in, with the role {role}"))
        }
        UserCommand::Password { name } => {
            known(&store, &name).await?;
            store = with_password(opening, &name, async |store, password| {
                store.set_password(&actor(), &name, password).await
            })
            .await?;
            (name, "has a new password; open sessions are ended".to_owned())
        }
        UserCommand::Role { name, role } => {
            known(&store, &name).await?;
            store.set_role(&actor(), &name, role).await?;
            (name, format!("has the role {role}"))
        }
        UserCommand::Disable { name, undo } => {
            known(&store, &name).await?;
            let what = match undo {
                true => {
                    store.enable_user(&actor(), &name).await?;
                    "may log in again"
                }
                false => {
                    store.disable_user(&actor(), &name).await?;
                    "may not log in any more"
                }
            };
            (name, what.to_owned())
        }
    };
    let users = store.list_users().await?;
    let user = users.iter().find(|user| user.name == name.trim());
    answer.give(&user, || format!("{} {what}", name.trim()))
}

/// Asks for a password, and does something with it. Meanwhile the database is closed: who
/// thinks about a password, or is ended while asked for it, has nothing open.
async fn with_password(
    opening: &Opening,
    name: &str,
    change: impl AsyncFnOnce(&Store, &str) -> Result<(), UserError>,
) -> Result<Store, Failure> {
    unless_ended(async {
        opening.close().await;
        let password = password(name).await?;
        let store = opening.existing().await?;
        change(&store, &password).await?;
        Ok(store)
    })
    .await
}

async fn list(store: &Store, answer: Answer, program: &str) -> Result<(), Failure> {
    let users = store.list_users().await?;
    answer.give(&users, || match users.is_empty() {
        true => format!("nobody may log in yet; `{program} db user add` adds a user"),
        false => {
            let rows = users.iter().map(|user| {
                let state = if user.disabled { "disabled" } else { "" };
                [user.name.clone(), user.role.to_string(), time(user.created), state.to_owned()]
            });
            table(["NAME", "ROLE", "SINCE (UTC)", ""], &rows.collect::<Vec<_>>())
        }
    })
}

/// Nobody types a password for a user that does not exist.
async fn known(store: &Store, name: &str) -> Result<(), Failure> {
    let users = store.list_users().await?;
    let mut names = users.iter().map(|user| &*user.name);
    if names.clone().any(|known| known == name.trim()) {
        return Ok(());
    }
    let error = UserError::NotFound(name.to_owned());
    let nearest = plugo_core::name::nearest(name, names.by_ref());
    Err(match nearest {
        Some(nearest) => Failure::usage(format!("{error}; did you mean `{nearest}`?")),
        None => Failure::usage(error.to_string()).hint(Hint::Users),
    })
}
