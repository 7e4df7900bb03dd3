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
use super::lookup::{Decision, Loading};
use super::origin::Origin;
use super::request::{Asked, Plan, Target};
use super::settings::Settings;
use super::status::{CacheStatus, Forwarded};

/// Answers from stored responses, and asks the service inside where it must. Made by
/// [`ResponseCacheLayer`](super::ResponseCacheLayer).
///
/// It is always ready: whether the service inside is, is asked when it is needed. Dropping a response's future is a
/// cancelled load: the lease is given back, and whoever waits takes over.
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
        Box::pin(run(origin, self.background.clone(), request))
    }
}

async fn run<S, B, R>(
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
    let asked = match settings.plan(&head, !body.is_end_stream()) {
        Plan::Ask(asked) => asked,
        Plan::Pass(status) => return pass(&mut origin, Request::from_parts(head, body), status).await,
        Plan::Write(target) => return write(&mut origin, Request::from_parts(head, body), &target).await,
    };
    match settings.decide(&asked, &head.headers).await {
        Decision::Serve(stored, status) => Ok(settings.told(from_stored(stored, &asked), &status)),
        Decision::Load(loading) => origin.load(&asked, loading, head, body).await,
        Decision::Refresh(stored, status, loading) => {
            let served = settings.told(from_stored(stored, &asked), &status);
            match refresh(origin, &background, asked, loading, head, body) {
                Ok(()) => Ok(served),
                Err(crowded) => {
                    let (mut origin, asked, loading, head, body) = *crowded;
                    origin.load(&asked, loading, head, body).await
                }
            }
        }
        Decision::Pass(status) => {
            asked.strip(&mut head, &settings.stripped);
            pass(&mut origin, Request::from_parts(head, body), status).await
        }
        Decision::Unavailable => {
            let none = answer(StatusCode::GATEWAY_TIMEOUT, HeaderMap::new(), Bytes::new(), &asked);
            Ok(settings.told(none, &CacheStatus::bypass("only-if-cached")))
        }
    }
}

/// Has the service answer, and stores nothing.
async fn pass<S, B, R>(
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
    Ok(origin.settings.told(response.map(ResponseBody::passed), &status))
}

/// Has the service answer a method that is not safe. What is stored for the URI falls before the client knows that
/// it succeeded.
async fn write<S, B, R>(origin: &mut Origin<S>, request: Request<B>, target: &Target) -> Answer<R, S::Error>
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
    Ok(origin.settings.told(Response::from_parts(head, ResponseBody::passed(body)), &status))
}

type Crowded<S, B> = Box<(Origin<S>, Box<Asked>, Box<Loading>, Parts, B)>;

/// Loads in the background, for as long as what is loaded may be stored. Gives everything back if there is no place.
fn refresh<S, B, R>(
    mut origin: Origin<S>,
    background: &Background,
    asked: Box<Asked>,
    loading: Box<Loading>,
    head: Parts,
    body: B,
) -> Result<(), Crowded<S, B>>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Send,
{
    let Some(place) = background.place() else {
        return Err(Box::new((origin, asked, loading, head, body)));
    };
    let bound = loading.place.lookup.policy.lease;
    background.run(place, async move {
        let load = origin.load(&asked, loading, head, body);
        // Nobody waits for the response: what counts is that it is stored.
        drop(tokio::time::timeout(bound, load).await);
    });
    Ok(())
}

impl Settings {
    pub(super) fn told<R: Body>(
        &self,
        mut response: Response<ResponseBody<R>>,
        status: &CacheStatus,
    ) -> Response<ResponseBody<R>> {
        status.tell(&self.name, response.headers_mut());
        response
    }
}
