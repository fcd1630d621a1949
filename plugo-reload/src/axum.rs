use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tower_service::Service;

use crate::generation::Generation;
use crate::reloader::Reloader;

/// Serves the routes of the generation that runs when a request comes. The
/// request is answered to the end of its body by that one, whatever comes
/// after it.
///
/// ```no_run
/// use axum::{Router, ServiceExt as _, extract::Request};
/// # use plugo_core::PluginManager;
/// # use plugo_reload::{ReloadService, Reloader};
/// # async fn serve(manager: PluginManager) -> Result<(), Box<dyn std::error::Error>> {
/// let reloader = Reloader::<Router, Router>::builder(manager)
///     .config("plugins_config.json")
///     .start(|parts| {
///         parts.iter().fold(Router::new(), |all, (_, routes)| all.merge((*routes).clone()))
///     })?;
/// let service = ReloadService::new(reloader);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(service)).await?;
/// # Ok(())
/// # }
/// ```
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

impl<P: Send + Sync + 'static> Service<Request> for ReloadService<P> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let generation = self.0.generation();
        let answer = generation.value().clone().call(request);
        Box::pin(async move {
            let response: Response = answer.await?;
            Ok(response.map(|body| Body::new(HeldBody { body, _generation: generation })))
        })
    }
}

/// The body of an answer. It holds the generation that gives it.
#[derive(Debug)]
pub struct HeldBody {
    body: Body,
    _generation: Arc<Generation<Router>>,
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
