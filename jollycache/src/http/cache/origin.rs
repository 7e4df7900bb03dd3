//! `Origin`: the service inside.

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
use super::keep::failed;
use super::lookup::Loading;
use super::request::Asked;
use super::settings::Settings;
use crate::clock;

/// See the module.
#[derive(Debug)]
pub(super) struct Origin<S> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings>,
}

type Answer<R> = Response<ResponseBody<R>>;

impl<S> Origin<S> {
    /// Asks the service.
    pub(super) async fn call<B>(&mut self, request: Request<B>) -> Result<S::Response, S::Error>
    where
        S: Service<Request<B>>,
    {
        poll_fn(|cx| self.inner.poll_ready(cx)).await?;
        self.inner.call(request).await
    }

    /// Asks the service for a response that may be stored, and stores it.
    pub(super) async fn load<B, R>(
        &mut self,
        asked: &Asked,
        mut loading: Box<Loading>,
        mut head: Parts,
        body: B,
    ) -> Result<Answer<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: Body<Data = Bytes>,
    {
        let request = head.headers.clone();
        asked.strip(&mut head, &self.settings.stripped);
        // A load for this client alone may as well be answered by what it asks for.
        if loading.ticket.is_some() || loading.stored.is_some() {
            fields::make_conditional(&mut head.headers, loading.stored.as_ref());
        }
        let sent = clock::now_ms();
        let result = {
            let call = pin!(self.call(Request::from_parts(head, body)));
            match &mut loading.ticket {
                Some(ticket) => ticket.run(call).await,
                None => call.await,
            }
        };
        match result {
            Ok(response) => Ok(self.settings.received(asked, &request, loading, response, sent).await),
            Err(error) => {
                failed(loading.ticket.take()).await;
                let stored = loading.stored.take();
                let stored = stored.filter(|stored| stored.freshness.serves_errors(clock::now_ms()));
                stored.map(|stored| self.settings.instead(asked, stored, loading.status)).ok_or(error)
            }
        }
    }
}
