//! The fields of responses that describe the limits.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::rate_limit::{Decision, LimitDecision};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Adds the fields of the limits that were checked. Beside the fields of an inner layer, `RateLimit` and
/// `RateLimit-Policy` list the limits of both, and `X-RateLimit-*` describe the tighter of the tightest ones.
pub(super) fn append_limits(decision: &Decision, headers: &mut HeaderMap) {
    let Some(tightest) = decision.tightest() else { return };
    append(headers, POLICY, &decision.limits, |limit| {
        format!("\"{}\";q={};w={}", limit.name, limit.limit, seconds(limit.window))
    });
    append(headers, STANDING, &decision.limits, |limit| {
        format!("\"{}\";r={};t={}", limit.name, limit.remaining, seconds(limit.reset_after))
    });
    let inner = headers.get(&REMAINING).and_then(|inner| inner.to_str().ok()?.parse::<u64>().ok());
    if inner.is_none_or(|inner| tightest.remaining < inner) {
        headers.insert(LIMIT, tightest.limit.into());
        headers.insert(REMAINING, tightest.remaining.into());
        headers.insert(RESET, seconds(tightest.reset_after).into());
    }
}

/// Adds the fields of a refusal.
pub(super) fn insert_refusal(decision: &Decision, headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(wait) = decision.retry_after() {
        headers.insert(RETRY_AFTER, seconds(wait).max(1).into());
    }
}

/// The default response to a refused request.
pub(super) fn refusal(decision: &Decision) -> Response<Bytes> {
    let error = match decision.retry_after() {
        Some(wait) => format!("too many requests: try again in {} s", seconds(wait).max(1)),
        None => "the request costs more than its limit allows at all".to_owned(),
    };
    let body = serde_json::json!({ "success": false, "error": error, "code": "RATE_LIMITED" });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Whole seconds, rounded up, so that a client that waits for them does not come too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// Appends a list of structured fields (RFC 9651). The characters of limits' names need no escaping.
fn append(
    headers: &mut HeaderMap,
    name: HeaderName,
    limits: &[LimitDecision],
    item: impl Fn(&LimitDecision) -> String,
) {
    let list = limits.iter().map(item).collect::<Vec<_>>().join(", ");
    if let Ok(list) = HeaderValue::try_from(list) {
        headers.append(name, list);
    }
}
