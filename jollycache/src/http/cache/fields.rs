//! Which fields of a message are stored, updated, and sent on.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LOCATION, DATE, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::dates;
use super::record::Stored;

/// What belongs to a connection or to one message on it (RFC 9111, section 3.1), and what is made anew for each use.
const NEVER_STORED: [&str; 12] = [
    "age",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-cache",
];

/// What a 304 does not change, since the stored body stays (RFC 9111, section 3.2).
const KEPT_ON_UPDATE: [&str; 4] = ["content-encoding", "content-length", "content-range", "content-type"];

/// What a 304 carries (RFC 9110, section 15.4.5).
const IN_NOT_MODIFIED: [HeaderName; 6] = [CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, VARY];

/// The fields of a response that are stored: without those named in `without`, with a date.
pub(super) fn stored(headers: &HeaderMap, without: &[HeaderName], received: u64) -> HeaderMap {
    let mut stored = headers.clone();
    let listed = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    for name in listed.flat_map(|line| line.split(',')) {
        stored.remove(name.trim());
    }
    for name in NEVER_STORED {
        stored.remove(name);
    }
    for name in without {
        stored.remove(name);
    }
    if !stored.contains_key(DATE) {
        stored.extend(dates::field(received).map(|date| (DATE, date)));
    }
    stored
}

/// Replaces the stored fields by those of a 304.
pub(super) fn update(stored: &mut HeaderMap, news: &HeaderMap) {
    for name in news.keys().filter(|name| !KEPT_ON_UPDATE.contains(&name.as_str())) {
        stored.remove(name);
        for value in news.get_all(name) {
            stored.append(name.clone(), value.clone());
        }
    }
}

/// Whether a 304 can be about what is stored: the service was asked for a change of it, and names no other entity tag.
pub(super) fn is_about(stored: &Stored, news: &HeaderMap) -> bool {
    let own = |name: HeaderName| stored.headers.get(name).filter(|_| !stored.own_etag);
    let opaque = |tag: &HeaderValue| tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes()).to_vec();
    match (own(ETAG), news.get(ETAG)) {
        (Some(known), Some(named)) => opaque(known) == opaque(named),
        (Some(_), None) => true,
        // Only the time was asked about, to the second: another entity tag tells of another response.
        (None, named) => named.is_none() && stored.headers.contains_key(LAST_MODIFIED),
    }
}

/// The part of a response's fields that a 304 carries.
pub(super) fn not_modified(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in IN_NOT_MODIFIED {
        for value in headers.get_all(&name) {
            kept.append(name.clone(), value.clone());
        }
    }
    // It stands for the entity tag where there is none.
    if let (false, Some(modified)) = (kept.contains_key(ETAG), headers.get(LAST_MODIFIED)) {
        kept.insert(LAST_MODIFIED, modified.clone());
    }
    kept
}

/// Makes a request's conditions those of the cache: the stored response's validators, or none.
///
/// The client's own are answered here, from whatever comes back.
pub(super) fn make_conditional(request: &mut HeaderMap, stored: Option<&Stored>) {
    request.remove(IF_NONE_MATCH);
    request.remove(IF_MODIFIED_SINCE);
    let Some(stored) = stored else { return };
    let copy = |from: HeaderName| stored.headers.get(from).cloned();
    // The origin does not know a tag that was made here.
    let etag = copy(ETAG).filter(|_| !stored.own_etag);
    request.extend(etag.map(|etag: HeaderValue| (IF_NONE_MATCH, etag)));
    request.extend(copy(LAST_MODIFIED).map(|modified| (IF_MODIFIED_SINCE, modified)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_belongs_to_a_connection_is_not_stored() {
        let mut fields =
            headers(&[("connection", "a, B ,, :"), ("a", "1"), ("b", "2"), ("c", "3"), ("te", "x")]);
        fields.insert("proxy-authenticate", HeaderValue::from_static("x"));
        let stored = stored(&fields, &["c".parse().unwrap()], 0);
        assert_eq!(stored.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["date"]);
    }

    #[test]
    fn an_update_replaces_all_lines_of_a_field_and_leaves_those_of_the_body() {
        let mut stored = headers(&[("link", "old"), ("content-length", "3"), ("kept", "1")]);
        stored.append("link", HeaderValue::from_static("older"));
        update(&mut stored, &headers(&[("link", "new"), ("content-length", "0"), ("added", "1")]));
        assert_eq!(
            stored,
            headers(&[("link", "new"), ("content-length", "3"), ("kept", "1"), ("added", "1")])
        );
    }
}
