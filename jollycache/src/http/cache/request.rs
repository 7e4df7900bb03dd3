//! `Plan`: how a request is handled, before any look-up; and `CacheableRequest`, one that stored responses may answer.

use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONTENT_LOCATION, COOKIE, FORWARDED, HOST, IF_MATCH, IF_UNMODIFIED_SINCE, LOCATION, RANGE,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Uri};

use super::conditions::Conditions;
use super::directives::Directives;
use super::query::Query;
use super::route::Route;
use super::settings::Settings;
use super::status::{CacheStatus, Forwarded};
use super::vary;
use crate::cache::{Mode, mode};
use crate::key::{Key, Tag};

/// Maximum bytes of path and query in a key.
const MAX_URI_BYTES: usize = 8 * 1024;
/// Maximum bytes of a host (RFC 1035) with a port.
const MAX_HOST_BYTES: usize = 261;

/// Fields that may change the response of a service behind a proxy. They are part of the key where they are present, so
/// that a client that forges one cannot poison the responses of others.
const STEERING: [HeaderName; 9] = [
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
];

/// The path that the client sent. Behind axum's `nest` the request has only the rest of it, which may be equal in two
/// nested routers.
fn whole_path(request: &Parts) -> &str {
    #[cfg(feature = "axum")]
    if let Some(original) = request.extensions.get::<axum::extract::OriginalUri>() {
        return original.0.path();
    }
    request.uri.path()
}

/// The host and protocol in `Forwarded` (RFC 7239), which may change the response as [`STEERING`] may. Its addresses
/// are left out: with them each client would have its own key.
fn forwarded_origin(headers: &HeaderMap) -> String {
    let lines = headers.get_all(FORWARDED).iter();
    let text: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).to_lowercase()).collect();
    let parts = text.iter().flat_map(|line| line.split([',', ';'])).map(str::trim);
    parts.filter(|part| part.starts_with("host") || part.starts_with("proto")).collect::<Vec<_>>().join(";")
}

/// How a request is handled.
#[derive(Debug)]
pub(super) enum Plan {
    /// Forward it; the cache is not involved.
    Forward(CacheStatus),
    /// Forward it; a success invalidates what is stored for the URI.
    Invalidate(Target),
    /// Look up a stored response.
    LookUp(Box<CacheableRequest>),
}

/// A request that a stored response may answer.
#[derive(Debug)]
pub(super) struct CacheableRequest {
    pub(super) key: Key,
    pub(super) tags: Vec<Tag>,
    pub(super) route: Arc<Route>,
    /// Whether it carries credentials that are not part of the key.
    pub(super) credentials: bool,
    /// Its `Cache-Control`; empty if request directives are not honoured.
    pub(super) directives: Directives,
    pub(super) conditions: Conditions,
    pub(super) is_head: bool,
    /// Whether its response is not stored, since it is incomplete: `HEAD` and ranges.
    pub(super) reads_only: bool,
    /// The query to forward, if it differs from the one that was sent.
    pub(super) query: Option<String>,
}

/// The target URI of a request with an unsafe method.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    path: String,
}

impl Settings {
    /// Plans a request. `has_body` is whether a body follows its head.
    pub(super) fn plan(&self, request: &Parts, has_body: bool) -> Plan {
        let path = request.uri.path();
        let found = self.routes.at(path).ok();
        let route = found.as_ref().map(|found| found.value).or(self.default_route.as_ref());
        let reads = matches!(request.method, Method::GET | Method::HEAD);
        let Some(route) = route else {
            return Plan::Forward(CacheStatus::no_route());
        };
        if !reads {
            let is_safe = matches!(request.method, Method::OPTIONS | Method::TRACE | Method::CONNECT);
            let host = (!is_safe).then(|| host(request)).flatten();
            return host.map_or_else(
                || Plan::Forward(by_method()),
                |host| Plan::Invalidate(Target { host, path: whole_path(request).to_owned() }),
            );
        }
        let cacheable = match bypass_reason(request, route, has_body) {
            Some(detail) => Err(CacheStatus::bypass(detail)),
            None => self.cacheable(request, route),
        };
        match cacheable {
            Ok(mut cacheable) => {
                let parameters = found.as_ref().map(|found| &found.params);
                cacheable.tags.extend(route.templates.iter().map(|tag| tag.fill(parameters)));
                Plan::LookUp(Box::new(cacheable))
            }
            Err(status) => Plan::Forward(status),
        }
    }

    fn cacheable(&self, request: &Parts, route: &Arc<Route>) -> Result<CacheableRequest, CacheStatus> {
        let headers = &request.headers;
        let directives = if self.honours_request_directives {
            Directives::of(headers, CACHE_CONTROL)
        } else {
            Directives::default()
        };
        if directives.has("no-store") {
            return Err(CacheStatus::forwarded(Forwarded::Request));
        }
        let host = host(request).ok_or_else(|| CacheStatus::bypass("host"))?;
        let query = Query::parse(request.uri.query().unwrap_or_default(), route.query.as_deref());
        let query = query.ok_or_else(|| CacheStatus::bypass("query"))?;
        let user = route.user.as_ref().and_then(|user| user(request));
        let is_head = request.method == Method::HEAD;
        Ok(CacheableRequest {
            key: self.key(request, route, &host, &query.key, user.as_deref()),
            tags: vec![uri_tag(&host, whole_path(request))],
            route: route.clone(),
            credentials: user.is_none() && self.has_credentials(headers, route),
            directives,
            conditions: Conditions::of(headers),
            is_head,
            reads_only: is_head || headers.contains_key(RANGE),
            query: query.forwarded,
        })
    }

    fn key(&self, request: &Parts, route: &Route, host: &str, query: &str, user: Option<&str>) -> Key {
        let key = Key::builder().part(&*self.region).literal(":").part(host).literal(":");
        // The path is not normalized: a router may distinguish paths that are equivalent by RFC 3986.
        let mut key = key.part(whole_path(request)).literal(":").part(query);
        if !route.header_names.is_empty() {
            key = key.literal(":fields:").part(&vary::digest(&route.header_names, &request.headers));
        }
        if let Some(part) = &route.key_part {
            key = key.literal(":by:").part(&part(request));
        }
        if route.user.is_some() {
            key = match user {
                Some(user) => key.literal(":user:").hash(user),
                None => key.literal(":nobody"),
            };
        }
        let is_seen =
            |name: &&HeaderName| request.headers.contains_key(*name) && !self.stripped.contains(*name);
        let steering: Vec<_> = STEERING.iter().filter(is_seen).cloned().collect();
        if !steering.is_empty() {
            key = key.literal(":steered:").part(&vary::digest(&steering, &request.headers));
        }
        let origin = forwarded_origin(&request.headers);
        if !origin.is_empty() && !self.stripped.contains(&FORWARDED) {
            key = key.literal(":forwarded:").part(&origin);
        }
        key.build()
    }

    fn has_credentials(&self, headers: &HeaderMap, route: &Route) -> bool {
        self.credentials.iter().any(|name| {
            headers.contains_key(name)
                && !route.header_names.contains(name)
                && !(route.ignores_cookies && *name == COOKIE)
        })
    }
}

/// Why the cache is disabled for a request, if it is.
fn bypass_reason(request: &Parts, route: &Route, has_body: bool) -> Option<&'static str> {
    let headers = &request.headers;
    let uri_bytes = request.uri.path_and_query().map_or(0, |text| text.as_str().len());
    let reasons = [
        (has_body, "request-body"),
        (headers.contains_key(UPGRADE), "upgrade"),
        (headers.contains_key(IF_MATCH) || headers.contains_key(IF_UNMODIFIED_SINCE), "precondition"),
        (uri_bytes > MAX_URI_BYTES, "uri"),
        (mode() == Mode::Bypass, "scope"),
        (route.skip.iter().any(|skip| skip(request)), "skipped"),
    ];
    reasons.into_iter().find_map(|(applies, reason)| applies.then_some(reason))
}

impl CacheableRequest {
    /// Removes the parts of a request that are not in the key and must not influence the response.
    pub(super) fn strip(&self, request: &mut Parts, stripped: &[HeaderName]) {
        for name in stripped {
            request.headers.remove(name);
        }
        if self.route.ignores_cookies {
            request.headers.remove(COOKIE);
        }
        let Some(query) = &self.query else { return };
        let path = request.uri.path();
        let forwarded = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let mut uri = request.uri.clone().into_parts();
        // Parts of a valid URI always parse.
        if let Ok(forwarded) = forwarded.parse() {
            uri.path_and_query = Some(forwarded);
            request.uri = Uri::from_parts(uri).unwrap_or_else(|_| request.uri.clone());
        }
    }
}

impl Target {
    /// The tags that a successful request invalidates: those of its own URI, and of the URIs on the same host in
    /// `Location` and `Content-Location` (RFC 9111, section 4.4).
    pub(super) fn tags(&self, response: &HeaderMap) -> Vec<Tag> {
        let named = [LOCATION, CONTENT_LOCATION].map(|name| response.get(name));
        let named = named.into_iter().flatten().filter_map(|value| self.path_of(value.to_str().ok()?));
        let paths = named.chain([self.path.clone()]);
        paths.map(|path| uri_tag(&self.host, &path)).collect()
    }

    /// The path of a reference, if it is on this host.
    fn path_of(&self, reference: &str) -> Option<String> {
        let reference = reference.split(['?', '#']).next()?;
        if reference.starts_with('/') && !reference.starts_with("//") {
            return Some(reference.to_owned());
        }
        if let Some((_, after)) = reference.split_once("//") {
            let (host, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            return host
                .eq_ignore_ascii_case(&self.host)
                .then(|| if path.is_empty() { "/" } else { path }.into());
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some(if reference.is_empty() { self.path.clone() } else { format!("{folder}/{reference}") })
    }
}

/// The tag of all responses of a path, with any query.
fn uri_tag(host: &str, path: &str) -> Tag {
    Tag::from(Key::builder().literal("http-uri:").part(host).literal(":").part(path).build())
}

fn by_method() -> CacheStatus {
    CacheStatus::forwarded(Forwarded::Method)
}

/// The host that the request is for; `None` if it is ambiguous or malformed.
fn host(request: &Parts) -> Option<String> {
    let mut lines = request.headers.get_all(HOST).iter();
    let line = match lines.next() {
        Some(line) => Some(line.to_str().ok()?),
        None => None,
    };
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    let differ = |one: &str, other: &str| !one.eq_ignore_ascii_case(other);
    if lines.next().is_some() || line.zip(authority).is_some_and(|(one, other)| differ(one, other)) {
        return None;
    }
    let host = authority.or(line).unwrap_or_default();
    (host.len() <= MAX_HOST_BYTES).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_the_same_host_are_found() {
        let target = Target { host: "shop.example".into(), path: "/a/b".into() };
        for (reference, path) in [
            ("/c?d#e", Some("/c")),
            ("c", Some("/a/c")),
            ("", Some("/a/b")),
            ("https://SHOP.example/c", Some("/c")),
            ("//shop.example", Some("/")),
            ("https://other.example/c", None),
            ("//other.example/c", None),
        ] {
            assert_eq!(target.path_of(reference).as_deref(), path, "{reference}");
        }
    }

    #[test]
    fn an_ambiguous_host_is_none() {
        let host_of = |uri: &str, hosts: &[&str]| {
            let mut request = http::Request::builder().uri(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            host(&request.body(()).unwrap().into_parts().0)
        };
        assert_eq!(host_of("/", &["A.example:80"]).as_deref(), Some("a.example:80"));
        assert_eq!(host_of("http://a.example/", &["A.example"]).as_deref(), Some("a.example"));
        assert_eq!(host_of("/", &[]).as_deref(), Some(""));
        assert_eq!(host_of("http://a.example/", &["b.example"]), None);
        assert_eq!(host_of("/", &["a.example", "a.example"]), None);
        assert_eq!(host_of("/", &[&"a".repeat(300)]), None);
    }
}
