//! `Storability`: whether a response may be stored, and how long it is fresh (RFC 9111, sections 3 and 4.2).
//!
//! `http-cache-semantics` decides. It reads fields literally, so it gets the response in a normal form: directives
//! parsed and in lower case, dates in one format. RFC 5861, RFC 9213 and parts of RFC 9111, which it lacks, are added
//! here, and what it permits but is unsafe in a cache shared by users is refused.

use std::time::{Duration, UNIX_EPOCH};

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderName, LAST_MODIFIED, SET_COOKIE,
    VARY,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, response};
use http_cache_semantics::{CacheOptions, CachePolicy};

use super::directives::{Directives, split};
use super::freshness::Freshness;
use super::targeted::targeted;
use super::{dates, directives};
use crate::clock::Millis;

/// Maximum fields in `Vary`; a response that names more is not stored.
pub(super) const MAX_VARY: usize = 8;

/// A route's lifetimes for responses without explicit ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) ttl: Option<Duration>,
    pub(super) while_revalidate: Duration,
    pub(super) if_error: Duration,
}

/// A response of the service, and the circumstances in which it was received.
#[derive(Debug)]
pub(super) struct ReceivedResponse<'a> {
    pub(super) head: &'a response::Parts,
    /// Whether the request carried credentials that are not part of the key.
    pub(super) credentials: bool,
    pub(super) sent: Millis,
    pub(super) received: Millis,
    pub(super) defaults: Defaults,
    /// The field that takes precedence over `Cache-Control` (RFC 9213).
    pub(super) targeted: Option<&'a HeaderName>,
}

/// Whether a response may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Storability {
    Storable(Storable),
    /// Not storable because the request carries credentials.
    NotWithCredentials,
    NotStorable,
}

/// What to store with a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storable {
    pub(super) freshness: Freshness,
    /// The fields in `Vary`, sorted.
    pub(super) vary: Vec<HeaderName>,
    /// The fields to leave out, which a qualified `no-cache` names.
    pub(super) without: Vec<HeaderName>,
}

impl ReceivedResponse<'_> {
    pub(super) fn storability(&self) -> Storability {
        let (headers, status) = (&self.head.headers, self.head.status);
        let final_and_whole = status.as_u16() >= 200
            && !matches!(status, StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT);
        let names_a_user = headers.contains_key(SET_COOKIE) || headers.contains_key("set-cookie2");
        if !final_and_whole || names_a_user || is_event_stream(headers) {
            return Storability::NotStorable;
        }
        let Some(vary) = varies_by(headers) else { return Storability::NotStorable };
        let (directives, is_targeted) = self.directives();
        let shared_with_credentials = directives.has("public") || directives.has("s-maxage");
        if self.credentials && !shared_with_credentials {
            return Storability::NotWithCredentials;
        }
        let Some(lifetime) = self.lifetime(&directives, is_targeted) else { return Storability::NotStorable };
        let freshness = self.freshness(&directives, lifetime, shared_with_credentials);
        let has_validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        if freshness.fresh_for().is_zero() && !has_validator && freshness.if_error == 0 {
            return Storability::NotStorable;
        }
        let without = directives.arguments("no-cache").flat_map(split);
        let without = without.filter_map(|name| name.trim().parse().ok()).collect();
        Storability::Storable(Storable { freshness, vary, without })
    }

    /// The directives that apply, and whether they are from the targeted field.
    fn directives(&self) -> (Directives, bool) {
        let headers = &self.head.headers;
        match self.targeted.and_then(|name| targeted(headers, name)) {
            Some(directives) => (directives, true),
            None => (Directives::of(headers, CACHE_CONTROL), false),
        }
    }

    /// The freshness lifetime in seconds; `None` if the response is not storable.
    fn lifetime(&self, directives: &Directives, is_targeted: bool) -> Option<u32> {
        let expires = (!is_targeted).then(|| self.head.headers.get(EXPIRES)).flatten();
        let is_explicit = directives.has("max-age") || directives.has("s-maxage") || expires.is_some();
        let is_silent = !is_explicit && !directives.has("no-store") && !directives.has("no-cache");
        let implied = self.defaults.ttl.filter(|_| is_silent && takes_route_ttl(self.head.status));
        let mut response = Response::new(());
        // A cache need not understand a status to store a response with an explicit lifetime.
        *response.status_mut() = if is_explicit { StatusCode::OK } else { self.head.status };
        let normal = normal_form(directives, self.head.status, implied.map(whole_seconds));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_str(&normal).ok()?);
        if expires.is_some() {
            // An invalid date counts as one in the past (RFC 9111, section 5.3).
            let expires = dates::date(&self.head.headers, EXPIRES).unwrap_or(0);
            response.headers_mut().insert(EXPIRES, dates::field(expires)?);
            response.headers_mut().insert(DATE, dates::field(self.made())?);
        }
        for name in [ETAG, LAST_MODIFIED] {
            if let Some(value) = self.head.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        let mut request = Request::new(());
        if self.credentials {
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("-"));
        }
        let options = CacheOptions {
            cache_heuristic: 0.0,
            immutable_min_time_to_live: Duration::ZERO,
            ..CacheOptions::default()
        };
        let received = UNIX_EPOCH + Duration::from_millis(self.received);
        let policy = CachePolicy::new_options(&request, &response, received, options);
        policy.is_storable().then(|| whole_seconds(policy.time_to_live(received)))
    }

    fn freshness(&self, directives: &Directives, lifetime: u32, shared_with_credentials: bool) -> Freshness {
        let must_revalidate = directives.has("must-revalidate") || directives.has("proxy-revalidate");
        // `s-maxage` implies `proxy-revalidate` (RFC 9111, section 5.2.2.10), so only the response can allow stale
        // reuse beside it, not the route.
        let by_default = |default: Duration| {
            if directives.has("s-maxage") { 0 } else { whole_seconds(default) }
        };
        let window = |name: &str, default| directives.seconds(name).unwrap_or_else(|| by_default(default));
        Freshness {
            received: self.received,
            initial_age: self.initial_age(),
            lifetime,
            while_revalidate: window("stale-while-revalidate", self.defaults.while_revalidate),
            if_error: window("stale-if-error", self.defaults.if_error),
            shared_with_credentials,
            must_revalidate: must_revalidate || (directives.has("s-maxage") && !allows_stale(directives)),
            no_cache: directives.has_bare("no-cache"),
        }
    }

    /// The corrected initial age in seconds (RFC 9111, section 4.2.3).
    fn initial_age(&self) -> u32 {
        let apparent = self.received.saturating_sub(self.made()) / 1_000;
        let age_value = u64::from(age(&self.head.headers));
        let delay = self.received.saturating_sub(self.sent) / 1_000;
        u32::try_from(apparent.max(age_value + delay)).unwrap_or(u32::MAX)
    }

    fn made(&self) -> Millis {
        dates::date(&self.head.headers, DATE).unwrap_or(self.received)
    }
}

/// The directives that decide, in the form that `http-cache-semantics` reads.
fn normal_form(directives: &Directives, status: StatusCode, implied: Option<u32>) -> String {
    let mut normal = Vec::new();
    // `must-understand` overrides `no-store` in caches that understand the status (section 5.2.2.3).
    let must_understand = directives.has("must-understand");
    let refused = if must_understand { !is_understood(status) } else { directives.has("no-store") };
    // A qualified `private` is treated as an unqualified one, as section 5.2.2.7 permits.
    for (is_present, name) in [
        (refused, "no-store"),
        (directives.has("private"), "private"),
        (directives.has("public"), "public"),
        (directives.has_bare("no-cache"), "no-cache"),
        (directives.has("must-revalidate"), "must-revalidate"),
    ] {
        normal.extend(is_present.then(|| name.to_owned()));
    }
    for name in ["max-age", "s-maxage"] {
        normal.extend(directives.seconds(name).map(|seconds| format!("{name}={seconds}")));
    }
    normal.extend(implied.map(|seconds| format!("max-age={seconds}")));
    normal.join(", ")
}

fn allows_stale(directives: &Directives) -> bool {
    directives.has("stale-while-revalidate") || directives.has("stale-if-error")
}

/// The fields that `Vary` names; `None` for `*`, which matches no other request, and for too many.
fn varies_by(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for line in headers.get_all(VARY) {
        for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            // `*` parses as a field name.
            names.push(HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| name != "*")?);
        }
    }
    names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    (names.len() <= MAX_VARY).then_some(names)
}

fn age(headers: &HeaderMap) -> u32 {
    let first = headers.get(http::header::AGE).and_then(|age| age.to_str().ok());
    let first = first.and_then(|age| age.split(',').next());
    first.and_then(|age| directives::seconds(age.trim())).unwrap_or(0)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}

/// Whether a route's own lifetime applies to a status: it is for content, not for errors.
fn takes_route_ttl(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308)
}

fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200..=204 | 300..=303 | 307 | 308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451 | 500..=505
    )
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(directives::MAX_SECONDS).min(directives::MAX_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn storability_of(
        status: u16,
        fields: &[(&'static str, &str)],
        credentials: bool,
        ttl: Option<u64>,
    ) -> Storability {
        let mut builder = Response::builder().status(status);
        for (name, value) in fields {
            builder = builder.header(*name, *value);
        }
        let (head, ()) = builder.body(()).unwrap().into_parts();
        let defaults = Defaults { ttl: ttl.map(Duration::from_secs), ..Defaults::default() };
        let (sent, received) = (NOW, NOW);
        ReceivedResponse { head: &head, credentials, sent, received, defaults, targeted: None }.storability()
    }

    fn freshness(fields: &[(&'static str, &str)]) -> Option<Freshness> {
        match storability_of(200, fields, false, None) {
            Storability::Storable(Storable { freshness, .. }) => Some(freshness),
            _ => None,
        }
    }

    #[test]
    fn what_names_a_user_is_never_stored() {
        for field in [
            ("set-cookie", "a=b"),
            ("set-cookie2", "a=b"),
            ("cache-control", "private"),
            ("cache-control", "PRIVATE=\"x\""),
            ("cache-control", "no-store"),
            ("vary", "*"),
            ("vary", "accept, *"),
            ("content-type", "text/event-stream; charset=utf-8"),
        ] {
            let fields = [("cache-control", "public, max-age=60"), field];
            assert_eq!(storability_of(200, &fields, false, Some(60)), Storability::NotStorable, "{field:?}");
        }
    }

    #[test]
    fn with_credentials_only_what_is_said_to_be_for_all() {
        for (value, stored) in [
            ("max-age=60", false),
            ("max-age=60, must-revalidate", false),
            ("max-age=60, public", true),
            ("s-maxage=60", true),
        ] {
            let storability = storability_of(200, &[("cache-control", value)], true, None);
            assert_eq!(matches!(storability, Storability::Storable(_)), stored, "{value}");
            assert_eq!(storability == Storability::NotWithCredentials, !stored, "{value}");
        }
        assert_eq!(storability_of(200, &[], true, Some(60)), Storability::NotWithCredentials);
    }

    #[test]
    fn parts_and_provisional_responses_are_not_stored() {
        for status in [100, 101, 206, 304] {
            let storability = storability_of(status, &[("cache-control", "max-age=60")], false, None);
            assert_eq!(storability, Storability::NotStorable, "{status}");
        }
    }

    #[test]
    fn a_routes_lifetime_is_for_good_responses_that_say_nothing() {
        assert!(
            matches!(storability_of(200, &[], false, Some(60)), Storability::Storable(Storable { freshness, .. }) if freshness.lifetime == 60)
        );
        assert_eq!(storability_of(200, &[], false, None), Storability::NotStorable);
        assert_eq!(storability_of(404, &[], false, Some(60)), Storability::NotStorable);
        assert_eq!(storability_of(500, &[], false, Some(60)), Storability::NotStorable);
        assert_eq!(
            storability_of(200, &[("cache-control", "no-cache")], false, Some(60)),
            Storability::NotStorable
        );
        assert_eq!(storability_of(200, &[("expires", "0")], false, Some(60)), Storability::NotStorable);
    }

    #[test]
    fn an_age_beyond_all_numbers_is_old() {
        let fields = [("cache-control", "max-age=60"), ("age", "99999999999999999999"), ("etag", "\"a\"")];
        let freshness = freshness(&fields).unwrap();
        assert_eq!((freshness.initial_age, freshness.fresh_for()), (directives::MAX_SECONDS, Duration::ZERO));
    }

    #[test]
    fn stale_is_served_only_where_nothing_forbids_it() {
        let strict = |value| freshness(&[("cache-control", value)]).unwrap().must_revalidate;
        assert!(strict("max-age=60, must-revalidate, stale-while-revalidate=60"));
        assert!(strict("max-age=60, proxy-revalidate"));
        assert!(strict("s-maxage=60"));
        assert!(!strict("s-maxage=60, stale-while-revalidate=60"));
        assert!(!strict("max-age=60"));
    }

    #[test]
    fn too_many_fields_to_vary_by_are_refused() {
        let many: Vec<_> = (0..=MAX_VARY).map(|number| format!("x-{number}")).collect();
        let fields = |names: &[String]| names.join(",");
        assert!(freshness(&[("cache-control", "max-age=9"), ("vary", &fields(&many[1..]))]).is_some());
        assert!(freshness(&[("cache-control", "max-age=9"), ("vary", &fields(&many))]).is_none());
    }
}
