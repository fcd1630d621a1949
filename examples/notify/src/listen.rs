use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use listenfd::ListenFd;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a request may go on after the app was asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// The socket that `plugo dev` or systemd passes on, or one on the port.
pub(crate) async fn listener(port: u16) -> anyhow::Result<TcpListener> {
    if let Some(socket) = ListenFd::from_env().take_tcp_listener(0)? {
        // Waiting for a connection is tokio's business.
        socket.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(socket)?);
    }
    let bound = TcpListener::bind(("127.0.0.1", port)).await;
    bound.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))
}

/// Serves until somebody wants the app to end. Browsers that wait for a change then do
/// not keep it.
pub(crate) async fn serve(listener: TcpListener, app: Router) -> anyhow::Result<()> {
    let (sender, mut ends) = watch::channel(false);
    let asked = async move {
        asked_to_end().await;
        sender.send_replace(true);
    };
    let late = async move {
        let _ = ends.wait_for(|ends| *ends).await;
        tokio::time::sleep(GRACE).await;
    };
    // Logins are throttled by address.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(asked) => Ok(served?),
        () = late => Ok(()),
    }
}

/// Ctrl-C, or the system.
async fn asked_to_end() {
    let interrupted = async {
        // Where Ctrl-C cannot be waited for, it ends the app at once.
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
