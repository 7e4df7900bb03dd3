//! A service made of a function, and a client that reads what comes out of the layer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use jollycache::Cache;
use jollycache::http::{ResponseBody, ResponseCache, ResponseCacheLayer, ResponseCacheLayerBuilder, Route};
use tower::{Layer, Service, ServiceExt};

/// The service failed without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Down;

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Down>> + Send>>;

/// Counts its calls.
#[derive(Clone)]
pub(super) struct Inner {
    calls: Arc<AtomicUsize>,
    answer: Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>,
}

impl Inner {
    pub(super) fn new<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Body>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, Down>> + Send + 'static,
    {
        Inner { calls: Arc::default(), answer: Arc::new(move |request| Box::pin(answer(request))) }
    }

    /// Answers `200` with these fields, and the number of the call as its body.
    pub(super) fn counting(fields: &[(&'static str, &'static str)]) -> Self {
        let (fields, calls) = (fields.to_vec(), Arc::new(AtomicUsize::new(0)));
        Inner::new(move |_| {
            let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
            let response = respond(&fields, number.to_string());
            async move { Ok(response) }
        })
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(super) fn behind(&self, layer: &ResponseCacheLayer) -> Front {
        Front(layer.layer(self.clone()))
    }
}

impl Service<Request<Body>> for Inner {
    type Response = Response<Body>;
    type Error = Down;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Down>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.answer)(request)
    }
}

pub(super) fn respond(fields: &[(&'static str, &'static str)], body: impl Into<Body>) -> Response<Body> {
    let start = Response::builder();
    let response = fields.iter().fold(start, |response, (name, value)| response.header(*name, *value));
    response.body(body.into()).unwrap()
}

/// What came out.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `HIT`, `MISS` and so on.
    pub(super) fn x_cache(&self) -> &str {
        self.header("x-cache")
    }
}

/// A layer around a service, with a client.
#[derive(Clone)]
pub(super) struct Front(pub(super) ResponseCache<Inner>);

impl Front {
    pub(super) async fn get(&self, path: &str) -> Seen {
        self.with(path, &[]).await
    }

    pub(super) async fn with(&self, path: &str, fields: &[(&'static str, &'static str)]) -> Seen {
        self.send("GET", path, fields).await
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&'static str, &'static str)],
    ) -> Seen {
        read(self.raw(method, path, fields).await.unwrap()).await
    }

    pub(super) async fn raw(
        &self,
        method: &str,
        path: &str,
        fields: &[(&'static str, &'static str)],
    ) -> Result<Response<ResponseBody<Body>>, Down> {
        let start = Request::builder().method(method).uri(path);
        let request = fields.iter().fold(start, |request, (name, value)| request.header(*name, *value));
        self.0.clone().oneshot(request.body(Body::empty()).unwrap()).await
    }
}

pub(super) async fn read(response: Response<ResponseBody<Body>>) -> Seen {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    Seen { status: head.status, headers: head.headers, body }
}

/// A layer that caches all paths as `route` says.
pub(super) fn layer(cache: &Cache, route: Route) -> ResponseCacheLayer {
    layer_with(cache, |builder| builder.default_route(route))
}

pub(super) fn layer_with(
    cache: &Cache,
    set: impl FnOnce(ResponseCacheLayerBuilder) -> ResponseCacheLayerBuilder,
) -> ResponseCacheLayer {
    set(ResponseCacheLayer::builder(cache)).build().unwrap()
}

/// Fresh for an hour, for everybody.
pub(super) const PUBLIC: (&str, &str) = ("cache-control", "public, max-age=3600");
/// Fresh for an hour.
pub(super) const HOUR: (&str, &str) = ("cache-control", "max-age=3600");
