//! `RateLimited`: the service that the layer makes.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::headers;
use super::settings::Settings;

/// A service behind rate limits, made by [`RateLimitLayer`](super::RateLimitLayer).
#[derive(Debug, Clone)]
pub struct RateLimited<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> RateLimited<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        RateLimited { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for RateLimited<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let question = self.settings.question(&head);
        let request = Request::from_parts(head, body);
        let Some(question) = question else { return Box::pin(self.inner.call(request)) };
        // The future takes the service that is ready; a clone of it need not be.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let settings = self.settings.clone();
        Box::pin(async move {
            let decision = question.check().await;
            if !decision.allowed {
                return Ok(settings.refuse(&decision).map(R::from));
            }
            let mut response = inner.call(request).await?;
            headers::append_limits(&decision, response.headers_mut());
            Ok(response)
        })
    }
}
