use std::io::{self, BufRead, IsTerminal, Read};

use super::answer::{Answer, table};
use super::arguments::UserCommand;
use super::audit::time;
use super::failure::{Failure, Hint};
use super::opening::Opening;
use super::set::actor;
use crate::error::UserError;
use crate::store::Store;

/// No line with a password is longer.
const LONGEST: u64 = 4096;

/// `db user`.
pub(super) async fn user(
    opening: &Opening,
    answer: Answer,
    command: UserCommand,
) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let (name, what) = match command {
        UserCommand::List => return list(&store, answer, &opening.program).await,
        UserCommand::Add { name, role } => {
            if store.list_users().await?.iter().any(|user| user.name == name.trim()) {
                return Err(UserError::NameTaken(name).into());
            }
            let password = password(name.clone()).await?;
            store.add_user(&actor(), &name, &password, role).await?;
            (name, format!("may log in, with the role {role}"))
        }
        UserCommand::Password { name } => {
            known(&store, &name).await?;
            let password = password(name.clone()).await?;
            store.set_password(&actor(), &name, &password).await?;
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

/// At a terminal it is asked for twice and not shown; otherwise it is the first line
/// of stdin. It is no argument, since everybody on the machine can read those.
async fn password(name: String) -> Result<String, Failure> {
    let asked = tokio::task::spawn_blocking(move || match io::stdin().is_terminal() {
        true => ask(&name),
        false => first_line(),
    });
    asked.await.map_err(|error| Failure::environment(error.to_string()))?
}

fn ask(name: &str) -> Result<String, Failure> {
    let lost = |error| Failure::environment(format!("the password cannot be asked for: {error}"));
    let name = super::answer::plain(name);
    let first = rpassword::prompt_password(format!("Password of {name}: ")).map_err(lost)?;
    let again = rpassword::prompt_password("The same again: ").map_err(lost)?;
    match first == again {
        true => Ok(first),
        false => Err(Failure::usage("these are two passwords; nothing was changed")),
    }
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| Failure::environment(format!("stdin cannot be read: {error}")))?;
    let line = line.trim_end_matches(['\n', '\r']);
    match line.is_empty() {
        true => Err(Failure::usage("the password is the first line of stdin, and there is none")),
        false => Ok(line.to_owned()),
    }
}
