//! Notifications by text message, email or push. Operators switch and order the
//! providers in admin pages while the app runs, and users have choices of their own.
//!
//! `cargo run -p notify` prints at its first start:
//!
//! ```text
//! a user was made for the admin pages: admin, with the password …
//! notifications are at http://127.0.0.1:8080, the admin pages at http://127.0.0.1:8080/admin
//! ```
//!
//! 1. Open the first page. It shows which provider is used now, and why: the main
//!    gateway for text messages.
//! 2. Log in to the admin pages and disable it. The first page shows at once that email
//!    is used, which is in reserve.
//! 3. Give the gateway the token `expired` instead: it is tried, refuses, and the
//!    notification goes through the reserve all the same.
//!
//! The same at a terminal:
//!
//! ```text
//! cargo run -p notify -- db list
//! cargo run -p notify -- db set "sms/Main gateway" --status disabled
//! cargo run -p notify -- db audit
//! cargo run -p notify -- db user add ann --role edit
//! ```
//!
//! (`plugo db --package notify list` is the same, and `--client acme` asks the program
//! of that client, which has no text messages.)
//!
//! | variable | what it says |
//! | --- | --- |
//! | `NOTIFY_DATA` | the folder of the database file and of the key for secrets; `notify-data` |
//! | `PLUGO_DATABASE_URL` | another database: `postgres://user:password@host/database` for several machines |
//! | `PLUGO_SECRET_KEYS` | the keys for secrets, which all machines share: `name:key`, 32 bytes in Base64 |
//! | `NOTIFY_ADMIN_PASSWORD` | the password of the first user, in place of one by chance |
//! | `PORT` | the port on 127.0.0.1; 8080, and 0 is any that is free |

#![forbid(unsafe_code)]

use std::env;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use notify_channel::Outbox;
use plugo_admin::{Actor, Auth, Commands, Pages, Registry, Store, SyncMode};

/// Where the database and its keys are.
mod place;
/// What is in the database when the app starts for the first time.
mod beginning;
/// Which provider each user wants.
mod choices;
/// Through which provider a notification goes.
mod sending;
/// The page.
mod front;
/// Where it is reached, and how it ends.
mod listen;

plugo::plugins!();

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::of_program();
    let place = match place::Place::find() {
        Ok(place) => place,
        Err(failure) => {
            writeln!(stderr(), "error: {:#}", failure.why)?;
            return Ok(failure.code.into());
        }
    };
    let outbox = Outbox::default();

    // `notify db …` and `notify admin` are commands; anything else is the app.
    let commands = Commands::new(registry.clone())
        .database(place.url.as_str())
        .options(place.options.clone())
        .pages({
            let outbox = outbox.clone();
            |pages| about(pages, outbox)
        });
    if let Some(code) = commands.run(env::args_os()).await {
        return Ok(code);
    }

    let store = place.options.open(&place.url).await?;
    let served = serve(&store, &place.url, registry, outbox).await;
    // The file of the database can be copied then, and nothing is left beside it.
    store.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Serves until somebody wants the app to end.
async fn serve(store: &Store, url: &str, registry: Registry, outbox: Outbox) -> anyhow::Result<()> {
    store.sync(&Actor::of_program(), &registry, SyncMode::Create).await?;
    if let Some(password) = beginning::prepare(store).await? {
        writeln!(
            stdout(),
            "a user was made for the admin pages: admin, with the password {password}"
        )?;
    }
    let choices = choices::Choices::open(url).await?;
    let following = Arc::new(store.follow(&registry).await?);

    let pages =
        Pages::new(store.clone(), registry, Auth::built_in()).following(Arc::clone(&following));
    let pages = about(pages, outbox.clone()).router();
    let app = Router::new().nest_service("/admin", pages).merge(front::routes(front::Front {
        outbox,
        choices: choices.clone(),
        following,
    }));

    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let port = port.parse().with_context(|| format!("PORT is a number, and not `{port}`"))?;
    let listener = listen::listener(port).await?;
    let address = listener.local_addr()?;
    writeln!(
        stdout(),
        "notifications are at http://{address}, the admin pages at http://{address}/admin"
    )?;
    stdout().flush()?;
    let served = listen::serve(listener, app).await;
    choices.close().await;
    served
}

/// What the app says of its admin pages.
fn about(pages: Pages, outbox: Outbox) -> Pages {
    pages.title("Notify").arguments(move |call| call(plugo::kwargs! { outbox: &outbox }))
}
