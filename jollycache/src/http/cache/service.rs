//! `ResponseCache`: the service that the layer makes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::answer::{answer, from_stored};
use super::background::Background;
use super::body::ResponseBody;
use super::lookup::{Action, Loading};
use super::origin::Origin;
use super::request::{CacheableRequest, Plan, Target};
use super::settings::Settings;
use super::status::{CacheStatus, Forwarded};

/// Answers from stored responses, and forwards the other requests to the inner service. Made by
/// [`ResponseCacheLayer`](super::ResponseCacheLayer).
///
/// It is always ready; the readiness of the inner service is awaited only by requests that are forwarded.
///
/// # Cancel safety
/// Dropping a response's future cancels its load: the lease is released, and a waiting request takes over.
#[derive(Debug, Clone)]
pub struct ResponseCache<S> {
    inner: S,
    settings: Arc<Settings>,
    background: Arc<Background>,
}

impl<S> ResponseCache<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>, background: Arc<Background>) -> Self {
        ResponseCache { inner, settings, background }
    }
}

type Answer<R, E> = Result<Response<ResponseBody<R>>, E>;

impl<S, B, R> Service<Request<B>> for ResponseCache<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Answer<R, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let origin = Origin { inner: self.inner.clone(), settings: self.settings.clone() };
        Box::pin(respond(origin, self.background.clone(), request))
    }
}

async fn respond<S, B, R>(
    mut origin: Origin<S>,
    background: Arc<Background>,
    request: Request<B>,
) -> Answer<R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Send,
{
    let settings = origin.settings.clone();
    let (mut head, body) = request.into_parts();
    let request = match settings.plan(&head, !body.is_end_stream()) {
        Plan::LookUp(request) => request,
        Plan::Forward(status) => return forward(&mut origin, Request::from_parts(head, body), status).await,
        Plan::Invalidate(target) => {
            return forward_and_invalidate(&mut origin, Request::from_parts(head, body), &target).await;
        }
    };
    match settings.look_up(&request, &head.headers).await {
        Action::Serve(stored, status) => {
            Ok(settings.with_cache_status(from_stored(stored, &request), &status))
        }
        Action::Load(loading) => origin.load(&request, loading, head, body).await,
        Action::ServeAndRefresh(stored, status, loading) => {
            let served = settings.with_cache_status(from_stored(stored, &request), &status);
            match refresh(origin, &background, request, loading, head, body) {
                Ok(()) => Ok(served),
                Err(rejected) => {
                    let (mut origin, request, loading, head, body) = *rejected;
                    origin.load(&request, loading, head, body).await
                }
            }
        }
        Action::Forward(status) => {
            request.strip(&mut head, &settings.stripped);
            forward(&mut origin, Request::from_parts(head, body), status).await
        }
        Action::GatewayTimeout => {
            let empty = answer(StatusCode::GATEWAY_TIMEOUT, HeaderMap::new(), Bytes::new(), &request);
            Ok(settings.with_cache_status(empty, &CacheStatus::bypass("only-if-cached")))
        }
    }
}

/// Forwards a request, and stores nothing.
async fn forward<S, B, R>(
    origin: &mut Origin<S>,
    request: Request<B>,
    status: CacheStatus,
) -> Answer<R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    let response = origin.call(request).await?;
    let status = CacheStatus { forwarded_status: Some(response.status()), ..status };
    Ok(origin.settings.with_cache_status(response.map(ResponseBody::streaming), &status))
}

/// Forwards a request with an unsafe method, and invalidates what is stored for its URI (RFC 9111, section 4.4).
///
/// The invalidation ends before the client gets the response: whatever the client does next sees the new state.
async fn forward_and_invalidate<S, B, R>(
    origin: &mut Origin<S>,
    request: Request<B>,
    target: &Target,
) -> Answer<R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    let (head, body) = origin.call(request).await?.into_parts();
    if head.status.is_success() || head.status.is_redirection() {
        origin.settings.evict(target.tags(&head.headers)).await;
    }
    let mut status = CacheStatus::forwarded(Forwarded::Method);
    status.forwarded_status = Some(head.status);
    let response = Response::from_parts(head, ResponseBody::streaming(body));
    Ok(origin.settings.with_cache_status(response, &status))
}

/// The arguments of a background load that got no permit.
type Rejected<S, B> = Box<(Origin<S>, Box<CacheableRequest>, Box<Loading>, Parts, B)>;

/// Loads in the background, for at most the lease: after it the response could not be stored.
fn refresh<S, B, R>(
    mut origin: Origin<S>,
    background: &Background,
    request: Box<CacheableRequest>,
    loading: Box<Loading>,
    head: Parts,
    body: B,
) -> Result<(), Rejected<S, B>>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Send,
{
    let Some(permit) = background.try_permit() else {
        return Err(Box::new((origin, request, loading, head, body)));
    };
    let bound = loading.key.lookup.policy.lease;
    background.spawn(permit, async move {
        let load = origin.load(&request, loading, head, body);
        // The client has its answer; only the stored response matters here.
        drop(tokio::time::timeout(bound, load).await);
    });
    Ok(())
}
