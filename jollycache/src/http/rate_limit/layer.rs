//! `RateLimitLayer`: the tower layer.

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
use super::settings::Settings;
use crate::error::Result;
use crate::key::{KeyPart, Segment};
use crate::rate_limit::{Decision, RateLimiter};

/// The subject of all requests whose client has no known address.
const UNKNOWN: &str = "unknown";

/// Limits the rate of requests to a service; see [the module](super) for an example and the response fields.
///
/// Each limit needs a function that extracts its subject from a request; a limit without one, or whose function returns
/// `None`, is not checked. The functions get the request's head, run on each request and must not block.
#[derive(Clone)]
#[must_use]
pub struct RateLimitLayer(Settings);

impl RateLimitLayer {
    /// A layer that checks no limit yet.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter).by_endpoint("api")?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn new(limiter: RateLimiter) -> Self {
        RateLimitLayer(Settings {
            limiter,
            subjects: Vec::new(),
            cost: Arc::new(|_| 1),
            refusal: Arc::new(headers::refusal),
        })
    }

    /// Checks the limit `name` for the subject that the function extracts; for `None` the limit is skipped.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let tenant = |request: &http::request::Parts| Some(request.headers.get("x-tenant")?.to_str().ok()?.to_owned());
    /// let layer = RateLimitLayer::new(limiter).by("api", tenant)?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the limiter has no limit with this name.
    pub fn by<S: KeyPart>(
        mut self,
        name: &str,
        subject: impl Fn(&Parts) -> Option<S> + Send + Sync + 'static,
    ) -> Result<Self> {
        // An unknown name is an error at start-up, not on each request.
        drop(self.0.limiter.ask().by(name, "")?);
        let subject = move |request: &Parts| subject(request).as_ref().map(Segment::new);
        self.0.subjects.push((name.into(), Arc::new(subject)));
        Ok(self)
    }

    /// Checks the limit `name` for the client's address.
    ///
    /// Requests without an address share one subject, so that a server that was set up without addresses is limited as a
    /// whole rather than not at all; a warning is logged once.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter).by_ip("api", &ClientIp::new())?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
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

    /// Checks the limit `name` for the method and route. The route is axum's template, such as `/products/{id}`, if the
    /// feature `axum` is on and axum has matched one; else the path.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter).by_endpoint("api")?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`RateLimitLayer::by`].
    pub fn by_endpoint(self, name: &str) -> Result<Self> {
        self.by(name, |request| Some(Segment::new(&(request.method.as_str(), route(request)))))
    }

    /// How many requests a request counts as; with zero it is not counted. Default: 1.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter)
    ///     .by_endpoint("api")?
    ///     .cost(|request| if request.uri.path() == "/export" { 5 } else { 1 });
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn cost(mut self, cost: impl Fn(&Parts) -> u64 + Send + Sync + 'static) -> Self {
        self.0.cost = Arc::new(cost);
        self
    }

    /// Exempts requests from all limits, whatever their cost. Several calls add up. Default: none.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter).by_endpoint("api")?.exempt(|request| request.uri.path() == "/health");
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn exempt(mut self, is_exempt: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        let cost = self.0.cost.clone();
        self.0.cost = Arc::new(move |request| if is_exempt(request) { 0 } else { cost(request) });
        self
    }

    /// The response to a refused request; the fields of the limits are added to it. Default: 429 and
    /// `{"success":false,"error":"too many requests: try again in 12 s","code":"RATE_LIMITED"}`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// use http::{Response, StatusCode};
    ///
    /// let layer = RateLimitLayer::new(limiter).by_endpoint("api")?.refusal(|_| {
    ///     let mut response = Response::new("slow down".into());
    ///     *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    ///     response
    /// });
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn refusal(mut self, refusal: impl Fn(&Decision) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        self.0.refusal = Arc::new(refusal);
        self
    }

    /// The layer's limiter, for statistics and resets.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limiter = RateLimiter::builder(&cache).limit(Limit::new(9, Duration::from_secs(1)).name("api")).build()?;
    /// let layer = RateLimitLayer::new(limiter).by_endpoint("api")?;
    /// assert_eq!(layer.limiter().stats()[0].allowed, 0);
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn limiter(&self) -> &RateLimiter {
        &self.0.limiter
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> RateLimited<S> {
        RateLimited::new(inner, Arc::new(self.0.clone()))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RateLimitLayer").field(&self.0).finish()
    }
}

fn route(request: &Parts) -> &str {
    #[cfg(feature = "axum")]
    if let Some(template) = request.extensions.get::<axum::extract::MatchedPath>() {
        return template.as_str();
    }
    request.uri.path()
}
