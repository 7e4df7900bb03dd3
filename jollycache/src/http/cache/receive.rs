//! What becomes of the service's responses.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, Response, StatusCode, response};
use http_body::Body;

use super::answer::{answer, from_stored};
use super::body::{Collected, ResponseBody, Unfinished, collect};
use super::fields;
use super::keep::{Keeping, failed, pass};
use super::lookup::Loading;
use super::record::{Stored, Whose};
use super::request::Asked;
use super::settings::Settings;
use super::status::CacheStatus;
use crate::clock::{self, Millis};

type Answer<R> = Response<ResponseBody<R>>;

impl Settings {
    /// The answer that comes of the service's response.
    pub(super) async fn received<R: Body<Data = Bytes>>(
        &self,
        asked: &Asked,
        request: &HeaderMap,
        mut loading: Box<Loading>,
        response: Response<R>,
        sent: Millis,
    ) -> Answer<R> {
        loading.status.forwarded_status = Some(response.status());
        if let Some(stored) = loading.stored.take() {
            if response.status() == StatusCode::NOT_MODIFIED && !fields::is_about(&stored, response.headers())
            {
                // Of another response than the one that is here (RFC 9111, section 4.3.4): it changes nothing.
                failed(loading.ticket.take()).await;
                return self.instead(asked, stored, loading.status);
            }
            if response.status() == StatusCode::NOT_MODIFIED {
                let head = Settings::updated(&stored, response.headers());
                loading.status.revalidated = true;
                let whole = (head, stored.body);
                return self.finish(asked, request, loading, whole, sent).await;
            }
            if is_failure(response.status()) && stored.freshness.serves_errors(clock::now_ms()) {
                failed(loading.ticket.take()).await;
                return self.instead(asked, stored, loading.status);
            }
        }
        let (head, body) = response.into_parts();
        if loading.ticket.is_none() {
            return self.passed(asked, head, ResponseBody::passed(body), &loading.status);
        }
        let Some(keeping) = self.may_keep(asked, &mut loading, &head, sent).await else {
            return self.passed(asked, head, ResponseBody::passed(body), &loading.status);
        };
        let limit = asked.route.max_body_bytes.unwrap_or(self.max_body_bytes);
        let policy = &loading.place.lookup.policy;
        // What comes after the lease has ended cannot be stored.
        match collect(body, limit, policy.wait, policy.lease).await {
            Collected::Whole(body) if is_complete(&head, &body) => {
                self.finish_kept(asked, request, loading, (head, body), &keeping).await
            }
            // The client will see that something is missing.
            Collected::Whole(body) => {
                failed(loading.ticket.take()).await;
                self.passed(asked, head, ResponseBody::whole(body), &loading.status)
            }
            Collected::Partly(body, why) => {
                match why {
                    Unfinished::Failed => failed(loading.ticket.take()).await,
                    _ => pass(loading.ticket.take(), Whose::All).await,
                }
                loading.status.detail = Some(detail(why));
                self.passed(asked, head, body, &loading.status)
            }
        }
    }

    /// The answer to a client whose own conditions the service did not see.
    fn passed<R: Body>(
        &self,
        asked: &Asked,
        head: response::Parts,
        body: ResponseBody<R>,
        status: &CacheStatus,
    ) -> Answer<R> {
        let response = if asked.conditions.not_modified(head.status, &head.headers) {
            answer(head.status, head.headers, Bytes::new(), asked)
        } else {
            Response::from_parts(head, body)
        };
        self.told(response, status)
    }

    /// A stored response in place of a failure.
    pub(super) fn instead<R: Body>(&self, asked: &Asked, stored: Stored, status: CacheStatus) -> Answer<R> {
        let status = CacheStatus { ttl: Some(stored.freshness.ttl(clock::now_ms())), ..status };
        self.told(from_stored(stored, asked), &status)
    }

    /// Stores a stored response that was validated, if it still may be, and answers with it.
    async fn finish<R: Body>(
        &self,
        asked: &Asked,
        request: &HeaderMap,
        mut loading: Box<Loading>,
        (head, body): (response::Parts, Bytes),
        sent: Millis,
    ) -> Answer<R> {
        match self.may_keep(asked, &mut loading, &head, sent).await {
            Some(keeping) => self.finish_kept(asked, request, loading, (head, body), &keeping).await,
            None => self.told(answer(head.status, head.headers, body, asked), &loading.status),
        }
    }

    /// Stores a response, and answers with it.
    async fn finish_kept<R: Body>(
        &self,
        asked: &Asked,
        request: &HeaderMap,
        mut loading: Box<Loading>,
        (mut head, body): (response::Parts, Bytes),
        keeping: &Keeping,
    ) -> Answer<R> {
        let stored = self.stored(&head, keeping, body);
        loading.status.ttl = Some(stored.freshness.ttl(clock::now_ms()));
        loading.status.stored = self.keep(asked, request, &mut loading, keeping, &stored).await;
        if let (false, Some(etag)) = (head.headers.contains_key(ETAG), stored.headers.get(ETAG)) {
            head.headers.insert(ETAG, etag.clone());
        }
        let mut response = answer(head.status, head.headers, stored.body, asked);
        *response.extensions_mut() = head.extensions;
        self.told(response, &loading.status)
    }
}

fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// Whether a body is as long as was said.
fn is_complete(head: &response::Parts, body: &Bytes) -> bool {
    let said = head.headers.get(CONTENT_LENGTH).map(|length| length.to_str().ok()?.parse::<usize>().ok());
    said.is_none_or(|said| said == Some(body.len()))
}

fn detail(why: Unfinished) -> &'static str {
    match why {
        Unfinished::TooLarge => "too-large",
        Unfinished::TooSlow => "too-slow",
        Unfinished::Trailers => "trailers",
        Unfinished::Failed => "failed",
    }
}
