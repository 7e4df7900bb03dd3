//! Header fields: which are stored, freshened by a 304, and forwarded.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LOCATION, DATE, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::dates;
use super::record::StoredResponse;

/// Fields of one connection or message (RFC 9111, section 3.1), and those that are computed for each reuse.
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

/// Fields that describe the stored body, which a 304 does not change (RFC 9111, section 3.2).
const KEPT_ON_UPDATE: [&str; 4] = ["content-encoding", "content-length", "content-range", "content-type"];

/// The fields of a 304 (RFC 9110, section 15.4.5).
const IN_NOT_MODIFIED: [HeaderName; 6] = [CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, VARY];

/// The fields to store: those of the response except `without`, and a `Date`.
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

/// Updates the stored fields by those of a 304 (RFC 9111, section 3.2).
pub(super) fn update(stored: &mut HeaderMap, not_modified: &HeaderMap) {
    for name in not_modified.keys().filter(|name| !KEPT_ON_UPDATE.contains(&name.as_str())) {
        stored.remove(name);
        for value in not_modified.get_all(name) {
            stored.append(name.clone(), value.clone());
        }
    }
}

/// Whether a 304 selects the stored response for update (RFC 9111, section 4.3.4).
pub(super) fn selects(stored: &StoredResponse, not_modified: &HeaderMap) -> bool {
    let own = |name: HeaderName| stored.headers.get(name).filter(|_| !stored.own_etag);
    let opaque = |tag: &HeaderValue| tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes()).to_vec();
    match (own(ETAG), not_modified.get(ETAG)) {
        (Some(known), Some(named)) => opaque(known) == opaque(named),
        (Some(_), None) => true,
        // Only the modification date was sent, to the second: a new entity tag means another response.
        (None, named) => named.is_none() && stored.headers.contains_key(LAST_MODIFIED),
    }
}

/// The fields of a 304 for a response.
pub(super) fn not_modified(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in IN_NOT_MODIFIED {
        for value in headers.get_all(&name) {
            kept.append(name.clone(), value.clone());
        }
    }
    // `Last-Modified` is the validator of a response without an entity tag.
    if let (false, Some(modified)) = (kept.contains_key(ETAG), headers.get(LAST_MODIFIED)) {
        kept.insert(LAST_MODIFIED, modified.clone());
    }
    kept
}

/// Replaces a request's conditions by the stored response's validators, or removes them.
///
/// The client's own conditions are applied to the response, so that a 304 for one client does not keep the response
/// from being stored for the others.
pub(super) fn make_conditional(request: &mut HeaderMap, stored: Option<&StoredResponse>) {
    request.remove(IF_NONE_MATCH);
    request.remove(IF_MODIFIED_SINCE);
    let Some(stored) = stored else { return };
    let copy = |from: HeaderName| stored.headers.get(from).cloned();
    // The origin cannot validate an entity tag that this layer computed.
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
    fn fields_of_the_connection_are_not_stored() {
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
