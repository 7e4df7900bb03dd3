//! `Origin`: the inner service, which is the origin server of this cache.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::fields;
use super::lookup::Loading;
use super::request::CacheableRequest;
use super::settings::Settings;
use super::store::release_failed;
use crate::clock;

/// The inner service of one request.
#[derive(Debug)]
pub(super) struct Origin<S> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings>,
}

type Answer<R> = Response<ResponseBody<R>>;

impl<S> Origin<S> {
    /// Forwards a request to the inner service.
    pub(super) async fn call<B>(&mut self, request: Request<B>) -> Result<S::Response, S::Error>
    where
        S: Service<Request<B>>,
    {
        poll_fn(|cx| self.inner.poll_ready(cx)).await?;
        self.inner.call(request).await
    }

    /// Forwards a request whose response may be stored, stores it, and answers with it.
    pub(super) async fn load<B, R>(
        &mut self,
        request: &CacheableRequest,
        mut loading: Box<Loading>,
        mut head: Parts,
        body: B,
    ) -> Result<Answer<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: Body<Data = Bytes>,
    {
        let request_headers = head.headers.clone();
        request.strip(&mut head, &self.settings.stripped);
        // A load for this client alone keeps its own conditions: its response is not stored.
        if loading.guard.is_some() || loading.stored.is_some() {
            fields::make_conditional(&mut head.headers, loading.stored.as_ref());
        }
        let sent = clock::now_ms();
        let result = {
            let call = pin!(self.call(Request::from_parts(head, body)));
            match &mut loading.guard {
                Some(guard) => guard.run(call).await,
                None => call.await,
            }
        };
        match result {
            Ok(response) => {
                Ok(self.settings.receive(request, &request_headers, loading, response, sent).await)
            }
            Err(error) => {
                release_failed(loading.guard.take()).await;
                let stored = loading.stored.take();
                let stored = stored.filter(|stored| stored.freshness.allows_stale_if_error(clock::now_ms()));
                let stale = stored.map(|stored| self.settings.serve_stale(request, stored, loading.status));
                stale.ok_or(error)
            }
        }
    }
}
