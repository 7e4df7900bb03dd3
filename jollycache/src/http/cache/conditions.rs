//! `Conditions`: a request's preconditions and range (RFC 9110, sections 13 and 14), applied to a response.

use bytes::Bytes;
use headers::{HeaderMapExt, IfNoneMatch, IfRange};
use http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::dates;
use super::vary::digits;

/// The fields of a request that make it conditional or select a range.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(HeaderMap);

impl Conditions {
    pub(super) fn of(request: &HeaderMap) -> Self {
        let mut fields = HeaderMap::new();
        for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, RANGE, IF_RANGE] {
            for value in request.get_all(&name) {
                fields.append(name.clone(), value.clone());
            }
        }
        Conditions(fields)
    }

    /// Whether the client's copy is still valid, so that the answer is 304.
    pub(super) fn not_modified(&self, status: StatusCode, response: &HeaderMap) -> bool {
        if status != StatusCode::OK {
            return false;
        }
        // `If-None-Match` takes precedence over `If-Modified-Since` (section 13.1.3), even if it is malformed.
        if self.0.contains_key(IF_NONE_MATCH) {
            return self.0.typed_get::<IfNoneMatch>().is_some_and(|wanted| matches(&wanted, response));
        }
        let since = dates::date(&self.0, IF_MODIFIED_SINCE);
        let modified = dates::date(response, LAST_MODIFIED).or_else(|| dates::date(response, DATE));
        since.zip(modified).is_some_and(|(since, modified)| modified <= since)
    }

    /// The requested range of a body, as its first and last byte; `None` for the complete body.
    pub(super) fn range(&self, response: &HeaderMap, body: &Bytes) -> Option<(u64, u64)> {
        let length = u64::try_from(body.len()).ok()?;
        if self.0.contains_key(IF_RANGE) {
            let if_range: IfRange = self.0.typed_get()?;
            let etag = response.typed_get::<headers::ETag>();
            let modified = response.typed_get::<headers::LastModified>();
            if if_range.is_modified(etag.as_ref(), modified.as_ref()) {
                return None;
            }
        }
        let range = self.0.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
        // A server may ignore `Range` (section 14.2); it is ignored for several ranges and unsatisfiable ones.
        let (first, last) = range.split_once('-')?;
        let (first, last) = match (number(first), number(last)) {
            (Some(first), Some(last)) => (first, last.min(length.checked_sub(1)?)),
            (Some(first), None) if last.is_empty() => (first, length.checked_sub(1)?),
            (None, Some(suffix)) if first.is_empty() && suffix > 0 => {
                (length.saturating_sub(suffix), length.checked_sub(1)?)
            }
            _ => return None,
        };
        (first <= last).then_some((first, last))
    }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Weak comparison (section 13.1.2).
fn matches(wanted: &IfNoneMatch, response: &HeaderMap) -> bool {
    match response.typed_get::<headers::ETag>() {
        Some(etag) => !wanted.precondition_passes(&etag),
        None => *wanted == IfNoneMatch::any(),
    }
}

/// A strong entity tag, computed from the body, its type and its coding.
pub(super) fn make_etag(response: &HeaderMap, body: &[u8]) -> Option<HeaderValue> {
    let mut hash = Sha256::new();
    for name in [CONTENT_TYPE, CONTENT_ENCODING] {
        let value = response.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        hash.update(value.len().to_be_bytes());
        hash.update(value);
    }
    hash.update(body);
    HeaderValue::try_from(format!("\"{}\"", digits(hash))).ok()
}

/// Whether a response has an entity tag.
pub(super) fn has_etag(response: &HeaderMap) -> bool {
    response.contains_key(ETAG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(fields: &[(&'static str, &'static str)]) -> Conditions {
        Conditions(headers(fields))
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    const OLD: &str = "Thu, 18 Aug 2005 02:01:18 GMT";
    const NEW: &str = "Thu, 18 Aug 2050 02:01:18 GMT";

    #[test]
    fn entity_tags_are_compared_weakly() {
        for (wanted, etag, known) in [
            ("\"a\"", "\"a\"", true),
            ("W/\"a\"", "\"a\"", true),
            ("\"a\"", "W/\"a\"", true),
            ("\"b\", \"a\"", "\"a\"", true),
            ("*", "\"a\"", true),
            ("\"b\"", "\"a\"", false),
            ("a", "\"a\"", false),
            ("\"a", "\"a\"", false),
        ] {
            let requested = conditions(&[("if-none-match", wanted), ("if-modified-since", NEW)]);
            let response = headers(&[("etag", etag), ("last-modified", OLD)]);
            assert_eq!(requested.not_modified(StatusCode::OK, &response), known, "{wanted} {etag}");
        }
    }

    #[test]
    fn dates_are_compared_where_the_request_names_no_tag() {
        let since = |date| conditions(&[("if-modified-since", date)]);
        assert!(since(NEW).not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(since(OLD).not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(!since(OLD).not_modified(StatusCode::OK, &headers(&[("last-modified", NEW)])));
        assert!(!since("soon").not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(!since(NEW).not_modified(StatusCode::NOT_FOUND, &headers(&[("last-modified", OLD)])));
    }

    #[test]
    fn one_range_is_served_and_all_else_gets_the_complete_body() {
        let body = Bytes::from_static(b"0123456789");
        for (range, expected) in [
            ("bytes=0-1", Some((0, 1))),
            ("bytes=1-", Some((1, 9))),
            ("bytes=-1", Some((9, 9))),
            ("bytes=-99", Some((0, 9))),
            ("bytes=5-99", Some((5, 9))),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
            ("bytes=-", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("lines=0-1", None),
            ("bytes=99999999999999999999-", None),
        ] {
            assert_eq!(conditions(&[("range", range)]).range(&HeaderMap::new(), &body), expected, "{range}");
        }
        assert_eq!(conditions(&[("range", "bytes=0-1")]).range(&HeaderMap::new(), &Bytes::new()), None);
        let etag = headers(&[("etag", "\"a\"")]);
        let requested = |etag| conditions(&[("range", "bytes=0-1"), ("if-range", etag)]);
        assert_eq!(requested("\"a\"").range(&etag, &body), Some((0, 1)));
        assert_eq!(requested("\"b\"").range(&etag, &body), None);
        assert_eq!(requested("W/\"a\"").range(&etag, &body), None);
    }

    #[test]
    fn another_coding_gives_another_tag() {
        let plain = make_etag(&HeaderMap::new(), b"body").unwrap();
        assert_eq!(make_etag(&HeaderMap::new(), b"body").unwrap(), plain);
        assert_ne!(make_etag(&headers(&[("content-encoding", "br")]), b"body").unwrap(), plain);
        assert_ne!(make_etag(&HeaderMap::new(), b"bodY").unwrap(), plain);
        assert_eq!(plain.len(), 34);
    }
}
