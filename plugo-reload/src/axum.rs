use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tower_service::Service;

use crate::departures::Lease;
use crate::generation::Part;
use crate::reloader::Reloader;

/// Serves the routes of the generation that runs when a request comes. The
/// request is answered to the end of its body by that one, whatever comes
/// after it.
///
/// ```no_run
/// use axum::{Router, ServiceExt, extract::Request};
/// # use plugo_core::PluginManager;
/// # use plugo_reload::{ReloadService, ReloaderBuilder};
/// # async fn serve(manager: PluginManager) -> Result<(), Box<dyn std::error::Error>> {
/// let reloader = ReloaderBuilder::<Router>::new(manager)
///     .config("plugins_config.json")
///     .start(|parts| {
///         let routes = parts.iter().map(|part| part.hold(part.value().clone()));
///         Ok(routes.fold(Router::new(), Router::merge))
///     })?;
/// let service = ReloadService::new(reloader);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(service)).await?;
/// # Ok(())
/// # }
/// ```
///
/// Until it has ended, a request keeps the plugin whose routes it reached from
/// being stopped, if they were given to [`Part::hold`]; otherwise all plugins of
/// its generation.
pub struct ReloadService<P>(Reloader<P, Router>);

impl<P> ReloadService<P> {
    /// Serves what this reloader runs.
    pub fn new(reloader: Reloader<P, Router>) -> Self {
        ReloadService(reloader)
    }
}

impl<P> Clone for ReloadService<P> {
    fn clone(&self) -> Self {
        ReloadService(self.0.clone())
    }
}

impl<P> fmt::Debug for ReloadService<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReloadService").field(&self.0).finish()
    }
}

/// What a request keeps from being stopped: a generation, or the plugin whose
/// routes it reached.
type Kept = Arc<dyn Any + Send + Sync>;

/// Where that is, between the service and the routes.
#[derive(Clone)]
struct Slot(Arc<Mutex<Option<Kept>>>);

impl Slot {
    fn put(&self, kept: Option<Kept>) -> Option<Kept> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), kept)
    }
}

impl<P: Send + Sync + 'static> Service<Request> for ReloadService<P> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let generation = self.0.current();
        let mut routes = generation.value().clone();
        let slot = Slot(Arc::new(Mutex::new(Some(generation))));
        request.extensions_mut().insert(slot.clone());
        let answer = routes.call(request);
        drop(routes);
        Box::pin(async move {
            let response = answer.await?;
            Ok(held(response, slot.put(None)))
        })
    }
}

impl<P> Part<'_, P> {
    /// These routes, as this plugin's own: a request to one of them keeps this
    /// plugin from being stopped, and no other. A handler finds the [`Lease`] as
    /// `Extension<Lease>`, for what goes on when the answer has ended.
    pub fn hold(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.lease(), through))
    }
}

async fn through(State(lease): State<Lease>, mut request: Request, next: Next) -> Response {
    if let Some(slot) = request.extensions_mut().get::<Slot>().cloned() {
        let generation = slot.put(Some(Arc::new(lease.clone())));
        drop(generation);
    }
    request.extensions_mut().insert(lease.clone());
    let response = next.run(request).await;
    held(response, Some(Arc::new(lease)))
}

fn held(response: Response, kept: Option<Kept>) -> Response {
    match kept {
        Some(kept) => response.map(|body| Body::new(HeldBody { body, _kept: kept })),
        None => response,
    }
}

/// The body of an answer, with what it keeps from being stopped.
struct HeldBody {
    body: Body,
    _kept: Kept,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
