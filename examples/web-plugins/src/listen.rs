//! Where the site is reached, and how it ends. Under `plugo dev`, systemd and
//! others that pass a socket on (`LISTEN_FDS`), that one is taken: the next
//! process can serve it before this one has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, io};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// For how long clients are told that this process ends. One that keeps its
/// connection and writes when it is closed would have to ask again.
const FAREWELL: Duration = Duration::from_millis(300);

/// The socket that was passed on, or one on the port.
pub(crate) async fn listener(port: u16) -> anyhow::Result<TcpListener> {
    if let Some(socket) = ListenFd::from_env().take_tcp_listener(0)? {
        // Waiting for a connection is tokio's business.
        socket.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(socket)?);
    }
    let bound = TcpListener::bind(("127.0.0.1", port)).await;
    bound.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))
}

/// Serves until Ctrl-C, or until another process takes over (SIGTERM): then
/// no more connections are taken, those that are open are told to close, and
/// what was asked for is answered.
pub(crate) async fn serve(listener: TcpListener, site: Router) -> anyhow::Result<()> {
    let (sender, ends) = watch::channel(false);
    let leaving = Arc::new(AtomicBool::new(false));
    let site = site.layer(from_fn_with_state(Arc::clone(&leaving), farewell));
    let server = axum::serve(Listener { listener, ends: ends.clone() }, site);
    let signal = async move {
        if asked().await == Asked::Leave {
            sender.send_replace(true);
            leaving.store(true, Ordering::Relaxed);
            tokio::time::sleep(FAREWELL).await;
        }
        sender.send_replace(true);
    };
    let mut ended = ends;
    let late = async move {
        // A request that never ends does not keep the program running.
        let _ = ended.wait_for(|ends| *ends).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    };
    ready()?;
    tokio::select! {
        result = server.with_graceful_shutdown(signal) => result?,
        () = late => {}
    }
    Ok(())
}

/// Tells whoever started this program that it serves, as systemd has it.
#[cfg(unix)]
fn ready() -> io::Result<()> {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    if let Some(name) = path.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return socket.send_to_addr(b"READY=1", &address).map(drop);
    }
    socket.send_to(b"READY=1", path).map(drop)
}

#[cfg(not(unix))]
fn ready() -> io::Result<()> {
    Ok(())
}

/// A socket that is left alone when this process ends: who connects then is
/// served by the next one.
struct Listener {
    listener: TcpListener,
    ends: watch::Receiver<bool>,
}

impl axum::serve::Listener for Listener {
    type Io = TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let ends = async { drop(self.ends.wait_for(|ends| *ends).await) };
        tokio::select! {
            biased;
            () = ends => {}
            taken = axum::serve::Listener::accept(&mut self.listener) => return taken,
        }
        std::future::pending().await
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

async fn farewell(
    State(leaving): State<Arc<AtomicBool>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if leaving.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[derive(PartialEq, Eq)]
enum Asked {
    /// To end.
    End,
    /// To let another process take over.
    Leave,
}

/// Waits until somebody wants this program to end.
async fn asked() -> Asked {
    tokio::select! {
        () = interrupted() => Asked::End,
        () = terminated() => Asked::Leave,
    }
}

async fn interrupted() {
    // Where Ctrl-C cannot be waited for, it ends the program at once.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
