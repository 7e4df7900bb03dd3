//! The limits before `/api`: of each client, of each user, and of attempts to log in.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use jollycache::Cache;
use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
use jollycache::rate_limit::{Decision, Limit, RateLimiter};

use super::auth::UserId;
use super::error::Failure;

/// The maximum number of requests of a user in an hour.
const PER_USER: u64 = 1_000;
/// The maximum number of login attempts of a client in a minute.
const LOGINS: u64 = 10;

/// Returns the layer of the rate limits: `requests` of a client in `window`, and the two above.
///
/// # Errors
/// A limit rejects the numbers.
pub fn rate_limits(
    cache: &Cache,
    requests: u64,
    window: Duration,
    client_ip: &ClientIp,
) -> jollycache::Result<RateLimitLayer> {
    let limiter = RateLimiter::builder(cache)
        .limit(Limit::new(requests, window).name("per_ip"))
        .limit(Limit::new(PER_USER, Duration::from_secs(60 * 60)).name("per_user"))
        .limit(Limit::new(LOGINS, Duration::from_secs(60)).name("login"))
        .build()?;
    let of_login = client_ip.clone();
    Ok(RateLimitLayer::new(limiter)
        .by_ip("per_ip", client_ip)?
        .by("per_user", |request| request.extensions.get::<UserId>().map(|user| user.as_str().to_owned()))?
        .by("login", move |request| is_login(request).then(|| of_login.of(request)))?
        .exempt(|request| !is_limited(request.uri.path()))
        .refusal(refuse))
}

fn is_login(request: &Parts) -> bool {
    request.method == Method::POST && request.uri.path() == "/api/auth/login"
}

/// Returns whether the rate limits apply to a path: those below `/api`, except the cache's admin API.
///
/// The other routes are for operators and their tools, which need them most while clients send too much. Behind one
/// proxy a limit on `/health` would also let clients fail the probe of a healthy service. `docs/operations.md` lists what
/// a proxy must not publish.
pub(super) fn is_limited(path: &str) -> bool {
    let is_under =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_under("/api") && !is_under("/api/cache")
}

fn refuse(decision: &Decision) -> Response<Bytes> {
    let seconds = decision.retry_after().unwrap_or_default().as_millis().div_ceil(1_000).max(1);
    let error = format!("too many requests: try again in {seconds} s");
    let body = serde_json::to_vec(&Failure::new("rate_limited", error)).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::is_limited;

    #[test]
    fn what_is_below_api_is_limited_but_for_the_caches_own_routes() {
        for path in [
            "/api",
            "/api/",
            "/api/products",
            "/api/cached",
            "/api/cache-tests",
            "/api/auth/login",
            "/api//cache",
        ] {
            assert!(is_limited(path), "{path}");
        }
        for path in
            ["/", "/health", "/metrics", "/cache", "/docs/", "/api/cache", "/api/cache/stats", "/apis"]
        {
            assert!(!is_limited(path), "{path}");
        }
    }
}
