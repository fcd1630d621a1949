use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answer::{note, say};
use super::failure::Failure;
use super::opening::Opening;
use crate::auth::Auth;
use crate::pages::Pages;
use crate::registry::Registry;

/// How long a request may go on after the program was asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// `admin`.
pub(super) async fn serve(
    opening: &Opening,
    registry: Registry,
    change: Box<dyn FnOnce(Pages) -> Pages + Send>,
    listen: SocketAddr,
) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let listener = TcpListener::bind(listen).await;
    let listener = listener
        .map_err(|error| Failure::environment(format!("cannot listen on {listen}: {error}")))?;
    let lost = |error| Failure::environment(format!("{listen} is lost: {error}"));
    let address = listener.local_addr().map_err(lost)?;
    let program = &opening.program;
    if store.list_users().await?.iter().all(|user| user.disabled) {
        note(&format!(
            "nobody may log in yet; `{program} db user add <name> --role edit` adds a user, also \
             while the pages are served"
        ));
    }
    if store.overview().await?.is_empty() {
        note(&format!(
            "the database has no plugins yet; `{program} db sync` brings in what this program has"
        ));
    }
    if !address.ip().is_loopback() {
        note(&format!(
            "{address} can be reached from other machines, and without TLS passwords can be read \
             on the way"
        ));
    }
    let following = Arc::new(store.follow(&registry).await?);
    let pages = Pages::new(store, registry, Auth::built_in()).following(following);
    let app = Router::new().merge(change(pages).router());
    say(&format!("listening on http://{address}"))?;
    let (sender, mut ends) = watch::channel(false);
    let asked = async move {
        asked_to_end().await;
        sender.send_replace(true);
    };
    let late = async move {
        let _ = ends.wait_for(|ends| *ends).await;
        tokio::time::sleep(GRACE).await;
    };
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(asked);
    tokio::select! {
        served = server => served.map_err(lost),
        () = late => Ok(()),
    }
}

/// Ctrl-C, or the system.
async fn asked_to_end() {
    let interrupted = async {
        // Where Ctrl-C cannot be waited for, it ends the program at once.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
