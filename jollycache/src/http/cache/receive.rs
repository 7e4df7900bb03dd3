//! Handling of the inner service's responses: validation, storing, and the answer to the client.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, Response, StatusCode, response};
use http_body::Body;

use super::answer::{answer, from_stored};
use super::body::{Collected, Incomplete, ResponseBody, collect};
use super::fields;
use super::lookup::Loading;
use super::record::{Scope, StoredResponse};
use super::request::CacheableRequest;
use super::settings::Settings;
use super::status::CacheStatus;
use super::storability::Storable;
use super::store::{mark_uncacheable, release_failed};
use crate::clock::{self, Millis};

type Answer<R> = Response<ResponseBody<R>>;

impl Settings {
    /// The answer to the client, made from the service's response to a load.
    pub(super) async fn receive<R: Body<Data = Bytes>>(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        mut loading: Box<Loading>,
        response: Response<R>,
        sent: Millis,
    ) -> Answer<R> {
        loading.status.forwarded_status = Some(response.status());
        let Some(stored) = loading.stored.take() else {
            return self.receive_new(request, request_headers, loading, response, sent).await;
        };
        if response.status() == StatusCode::NOT_MODIFIED {
            if !fields::selects(&stored, response.headers()) {
                // The 304 validates a response other than the stored one (RFC 9111, section 4.3.4).
                release_failed(loading.guard.take()).await;
                return self.serve_stale(request, stored, loading.status);
            }
            let head = Settings::freshened(&stored, response.headers());
            loading.status.revalidated = true;
            let freshened = (head, stored.body);
            return self.receive_freshened(request, request_headers, loading, freshened, sent).await;
        }
        if is_failure(response.status()) && stored.freshness.allows_stale_if_error(clock::now_ms()) {
            release_failed(loading.guard.take()).await;
            return self.serve_stale(request, stored, loading.status);
        }
        self.receive_new(request, request_headers, loading, response, sent).await
    }

    /// Stores a complete response if it is storable, and answers with it.
    async fn receive_new<R: Body<Data = Bytes>>(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        mut loading: Box<Loading>,
        response: Response<R>,
        sent: Millis,
    ) -> Answer<R> {
        let (head, body) = response.into_parts();
        if loading.guard.is_none() {
            return self.forward(request, head, ResponseBody::streaming(body), &loading.status);
        }
        let Some(storable) = self.check_storable(request, &mut loading, &head, sent).await else {
            return self.forward(request, head, ResponseBody::streaming(body), &loading.status);
        };
        let limit = request.route.max_body_bytes.unwrap_or(self.max_body_bytes);
        let policy = &loading.key.lookup.policy;
        // A body that ends after the lease could not be stored any more.
        match collect(body, limit, policy.wait, policy.lease).await {
            Collected::Complete(body) if has_declared_length(&head, &body) => {
                self.store_and_answer(request, request_headers, loading, (head, body), &storable).await
            }
            // The head goes on unchanged, so that the client detects the truncation.
            Collected::Complete(body) => {
                release_failed(loading.guard.take()).await;
                self.forward(request, head, ResponseBody::complete(body), &loading.status)
            }
            Collected::Incomplete(body, why) => {
                match why {
                    Incomplete::Failed => release_failed(loading.guard.take()).await,
                    _ => mark_uncacheable(loading.guard.take(), Scope::AllRequests).await,
                }
                loading.status.detail = Some(detail(why));
                self.forward(request, head, body, &loading.status)
            }
        }
    }

    /// Stores a freshened response if it is still storable, and answers with it.
    async fn receive_freshened<R: Body>(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        mut loading: Box<Loading>,
        (head, body): (response::Parts, Bytes),
        sent: Millis,
    ) -> Answer<R> {
        match self.check_storable(request, &mut loading, &head, sent).await {
            Some(storable) => {
                self.store_and_answer(request, request_headers, loading, (head, body), &storable).await
            }
            None => self.with_cache_status(answer(head.status, head.headers, body, request), &loading.status),
        }
    }

    async fn store_and_answer<R: Body>(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        mut loading: Box<Loading>,
        (mut head, body): (response::Parts, Bytes),
        storable: &Storable,
    ) -> Answer<R> {
        let stored = self.stored(&head, storable, body);
        loading.status.ttl = Some(stored.freshness.ttl(clock::now_ms()));
        loading.status.stored = self.store(request, request_headers, &mut loading, storable, &stored).await;
        if let (false, Some(etag)) = (head.headers.contains_key(ETAG), stored.headers.get(ETAG)) {
            head.headers.insert(ETAG, etag.clone());
        }
        let mut response = answer(head.status, head.headers, stored.body, request);
        *response.extensions_mut() = head.extensions;
        self.with_cache_status(response, &loading.status)
    }

    /// The service's response, with the client's own conditions applied: the service did not see them.
    fn forward<R: Body>(
        &self,
        request: &CacheableRequest,
        head: response::Parts,
        body: ResponseBody<R>,
        status: &CacheStatus,
    ) -> Answer<R> {
        let response = if request.conditions.not_modified(head.status, &head.headers) {
            answer(head.status, head.headers, Bytes::new(), request)
        } else {
            Response::from_parts(head, body)
        };
        self.with_cache_status(response, status)
    }

    /// A stored response in place of a failure (RFC 5861, section 4).
    pub(super) fn serve_stale<R: Body>(
        &self,
        request: &CacheableRequest,
        stored: StoredResponse,
        status: CacheStatus,
    ) -> Answer<R> {
        let status = CacheStatus { ttl: Some(stored.freshness.ttl(clock::now_ms())), ..status };
        self.with_cache_status(from_stored(stored, request), &status)
    }

    /// A response with the layer's `Cache-Status` and `X-Cache`.
    pub(super) fn with_cache_status<R: Body>(
        &self,
        mut response: Response<ResponseBody<R>>,
        status: &CacheStatus,
    ) -> Response<ResponseBody<R>> {
        status.append_to(response.headers_mut(), &self.name);
        response
    }
}

fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// Whether a body is as long as its `Content-Length`, if there is one.
fn has_declared_length(head: &response::Parts, body: &Bytes) -> bool {
    let declared = head.headers.get(CONTENT_LENGTH).map(|length| length.to_str().ok()?.parse::<usize>().ok());
    declared.is_none_or(|declared| declared == Some(body.len()))
}

fn detail(why: Incomplete) -> &'static str {
    match why {
        Incomplete::TooLarge => "too-large",
        Incomplete::TooSlow => "too-slow",
        Incomplete::Trailers => "trailers",
        Incomplete::Failed => "failed",
    }
}
