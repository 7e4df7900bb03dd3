//! `Conditions`: what a request makes its answer depend on (RFC 9110, section 13), answered from a response.

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

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(HeaderMap);

impl Conditions {
    /// Those of a request.
    pub(super) fn of(request: &HeaderMap) -> Self {
        let mut kept = HeaderMap::new();
        for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, RANGE, IF_RANGE] {
            for value in request.get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
        Conditions(kept)
    }

    /// Whether a response of this head is known to the client already.
    pub(super) fn not_modified(&self, status: StatusCode, response: &HeaderMap) -> bool {
        if status != StatusCode::OK {
            return false;
        }
        // With `If-None-Match`, `If-Modified-Since` does not count (section 13.1.3), even where it cannot be read.
        if self.0.contains_key(IF_NONE_MATCH) {
            return self.0.typed_get::<IfNoneMatch>().is_some_and(|wanted| matches(&wanted, response));
        }
        let since = dates::date(&self.0, IF_MODIFIED_SINCE);
        let modified = dates::date(response, LAST_MODIFIED).or_else(|| dates::date(response, DATE));
        since.zip(modified).is_some_and(|(since, modified)| modified <= since)
    }

    /// The one part of a body that is asked for, from its first to its last byte; `None` for the whole.
    pub(super) fn part(&self, response: &HeaderMap, body: &Bytes) -> Option<(u64, u64)> {
        let length = u64::try_from(body.len()).ok()?;
        if self.0.contains_key(IF_RANGE) {
            let if_range: IfRange = self.0.typed_get()?;
            let etag = response.typed_get::<headers::ETag>();
            let modified = response.typed_get::<headers::LastModified>();
            if if_range.is_modified(etag.as_ref(), modified.as_ref()) {
                return None;
            }
        }
        let asked = self.0.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
        // Several parts, and what cannot be satisfied, are left to the whole, as section 14.2 lets a server.
        let (first, last) = asked.split_once('-')?;
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

/// Weakly, as section 13.1.2 says.
fn matches(wanted: &IfNoneMatch, response: &HeaderMap) -> bool {
    match response.typed_get::<headers::ETag>() {
        Some(etag) => !wanted.precondition_passes(&etag),
        None => *wanted == IfNoneMatch::any(),
    }
}

/// A strong entity tag for a body: what it is, and how it is coded, is in it.
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

/// Whether there is an entity tag to compare by.
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
            let asked = conditions(&[("if-none-match", wanted), ("if-modified-since", NEW)]);
            let response = headers(&[("etag", etag), ("last-modified", OLD)]);
            assert_eq!(asked.not_modified(StatusCode::OK, &response), known, "{wanted} {etag}");
        }
    }

    #[test]
    fn dates_are_compared_where_there_is_no_tag_to_ask_for() {
        let since = |date| conditions(&[("if-modified-since", date)]);
        assert!(since(NEW).not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(since(OLD).not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(!since(OLD).not_modified(StatusCode::OK, &headers(&[("last-modified", NEW)])));
        assert!(!since("soon").not_modified(StatusCode::OK, &headers(&[("last-modified", OLD)])));
        assert!(!since(NEW).not_modified(StatusCode::NOT_FOUND, &headers(&[("last-modified", OLD)])));
    }

    #[test]
    fn one_part_is_cut_out_and_everything_else_is_the_whole() {
        let body = Bytes::from_static(b"0123456789");
        for (range, part) in [
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
            assert_eq!(conditions(&[("range", range)]).part(&HeaderMap::new(), &body), part, "{range}");
        }
        assert_eq!(conditions(&[("range", "bytes=0-1")]).part(&HeaderMap::new(), &Bytes::new()), None);
        let etag = headers(&[("etag", "\"a\"")]);
        let asked = |etag| conditions(&[("range", "bytes=0-1"), ("if-range", etag)]);
        assert_eq!(asked("\"a\"").part(&etag, &body), Some((0, 1)));
        assert_eq!(asked("\"b\"").part(&etag, &body), None);
        assert_eq!(asked("W/\"a\"").part(&etag, &body), None);
    }

    #[test]
    fn what_is_coded_otherwise_has_another_tag() {
        let plain = make_etag(&HeaderMap::new(), b"body").unwrap();
        assert_eq!(make_etag(&HeaderMap::new(), b"body").unwrap(), plain);
        assert_ne!(make_etag(&headers(&[("content-encoding", "br")]), b"body").unwrap(), plain);
        assert_ne!(make_etag(&HeaderMap::new(), b"bodY").unwrap(), plain);
        assert_eq!(plain.len(), 34);
    }
}
