//! `RateLimitLayer`: which limits count what of a request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tower_layer::Layer;

use super::client_ip::ClientIp;
use super::headers;
use super::service::RateLimited;
use crate::error::Result;
use crate::key::{KeyPart, Segment};
use crate::rate_limit::{Decision, Question, RateLimiter};

/// The subject of all requests whose client has no known address.
const UNKNOWN: &str = "unknown";

type SubjectOf = Arc<dyn Fn(&Parts) -> Option<Segment> + Send + Sync>;
type CostOf = Arc<dyn Fn(&Parts) -> u64 + Send + Sync>;
type Refusal = Arc<dyn Fn(&Decision) -> Response<Bytes> + Send + Sync>;

/// Puts rate limits before a service; see [the module](super) for an example and the headers.
///
/// Each limit of the limiter that is to be asked is given a subject; limits that find none in a request are not asked
/// about it. Closures look at the request's head and run before the limits are asked.
#[derive(Clone)]
#[must_use]
pub struct RateLimitLayer {
    limiter: RateLimiter,
    subjects: Vec<(Arc<str>, SubjectOf)>,
    cost: CostOf,
    refusal: Refusal,
}

impl RateLimitLayer {
    /// Asks nothing yet.
    pub fn new(limiter: RateLimiter) -> Self {
        RateLimitLayer {
            limiter,
            subjects: Vec::new(),
            cost: Arc::new(|_| 1),
            refusal: Arc::new(headers::refusal),
        }
    }

    /// Asks the limit `name` about what `subject` finds in a request; `None` leaves the limit out.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the limiter has no such limit.
    pub fn by<S: KeyPart>(
        mut self,
        name: &str,
        subject: impl Fn(&Parts) -> Option<S> + Send + Sync + 'static,
    ) -> Result<Self> {
        // The name is looked up now, so that a wrong one is no matter of each request.
        drop(self.limiter.ask().by(name, "")?);
        let subject = move |request: &Parts| subject(request).as_ref().map(Segment::new);
        self.subjects.push((name.into(), Arc::new(subject)));
        Ok(self)
    }

    /// Asks the limit `name` about the client's address. Requests without one are one subject together, so that a server
    /// that was set up without addresses is limited as a whole rather than not at all; a warning is logged once.
    ///
    /// # Errors
    /// As [`RateLimitLayer::by`].
    pub fn by_ip(self, name: &str, client_ip: &ClientIp) -> Result<Self> {
        let client_ip = client_ip.clone();
        let is_warned = AtomicBool::new(false);
        self.by(name, move |request| {
            let client = client_ip.of(request);
            if client.is_none() && !is_warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "requests carry no peer's address: a limit by address counts them as one client"
                );
            }
            Some(client.map_or_else(|| Segment::new(UNKNOWN), |client| Segment::new(&client)))
        })
    }

    /// Asks the limit `name` about the method and the route: its template, such as `/products/{id}`, where the feature
    /// `axum` is on and axum has found it, else the path.
    ///
    /// # Errors
    /// As [`RateLimitLayer::by`].
    pub fn by_endpoint(self, name: &str) -> Result<Self> {
        self.by(name, |request| Some(Segment::new(&(request.method.as_str(), route(request)))))
    }

    /// How many requests a request counts as; zero lets it pass uncounted. Default: 1.
    pub fn cost(mut self, cost: impl Fn(&Parts) -> u64 + Send + Sync + 'static) -> Self {
        self.cost = Arc::new(cost);
        self
    }

    /// Lets requests pass uncounted, whatever they cost. Called more than once, each adds to those before.
    pub fn exempt(mut self, is_exempt: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        let cost = self.cost.clone();
        self.cost = Arc::new(move |request| if is_exempt(request) { 0 } else { cost(request) });
        self
    }

    /// What a refused request is answered with. The headers are added to it. Default: 429 and
    /// `{"success":false,"error":"too many requests: try again in 12 s","code":"RATE_LIMITED"}`.
    pub fn refusal(mut self, refusal: impl Fn(&Decision) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        self.refusal = Arc::new(refusal);
        self
    }

    /// The limiter that is asked, for its statistics and resets.
    pub fn limiter(&self) -> &RateLimiter {
        &self.limiter
    }

    /// What to ask about a request; `None` if it passes uncounted.
    pub(super) fn question(&self, request: &Parts) -> Option<Question> {
        let cost = (self.cost)(request);
        if cost == 0 {
            return None;
        }
        let found = self.subjects.iter().filter_map(|(name, subject)| Some((name, subject(request)?)));
        let mut question = self.limiter.ask().cost(cost);
        for (name, subject) in found {
            // The name was looked up when it was given.
            question = question.by(name, &subject).ok()?;
        }
        Some(question)
    }

    pub(super) fn refuse(&self, decision: &Decision) -> Response<Bytes> {
        let mut response = (self.refusal)(decision);
        headers::tell(decision, response.headers_mut());
        headers::tell_refusal(decision, response.headers_mut());
        response
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> RateLimited<S> {
        RateLimited::new(inner, Arc::new(self.clone()))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.subjects.iter().map(|(name, _)| name).collect();
        f.debug_struct("RateLimitLayer").field("limits", &names).finish_non_exhaustive()
    }
}

fn route(request: &Parts) -> &str {
    #[cfg(feature = "axum")]
    if let Some(template) = request.extensions.get::<axum::extract::MatchedPath>() {
        return template.as_str();
    }
    request.uri.path()
}
