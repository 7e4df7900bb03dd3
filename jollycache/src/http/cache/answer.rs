//! Answers made from stored responses (RFC 9111, section 4).

use bytes::Bytes;
use http::header::{AGE, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;

use super::body::ResponseBody;
use super::fields;
use super::record::StoredResponse;
use super::request::CacheableRequest;
use crate::clock;

/// A stored response with its `Age`, as the request wants it: complete, one range, the head only, or 304.
pub(super) fn from_stored<R: Body>(
    stored: StoredResponse,
    request: &CacheableRequest,
) -> Response<ResponseBody<R>> {
    let StoredResponse { freshness, status, mut headers, body, .. } = stored;
    headers.insert(AGE, HeaderValue::from(freshness.age(clock::now_ms())));
    answer(status, headers, body, request)
}

/// A complete response, as the request wants it.
pub(super) fn answer<R: Body>(
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    request: &CacheableRequest,
) -> Response<ResponseBody<R>> {
    let (status, headers, body) = select(status, headers, body, request);
    let mut response = Response::new(ResponseBody::complete(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn select(
    status: StatusCode,
    mut headers: HeaderMap,
    body: Bytes,
    request: &CacheableRequest,
) -> (StatusCode, HeaderMap, Bytes) {
    if request.conditions.not_modified(status, &headers) {
        let mut fields = fields::not_modified(&headers);
        fields.extend(headers.remove(AGE).map(|age| (AGE, age)));
        return (StatusCode::NOT_MODIFIED, fields, Bytes::new());
    }
    if request.is_head {
        if !headers.contains_key(CONTENT_LENGTH) && !body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        return (status, headers, Bytes::new());
    }
    let range = (status == StatusCode::OK).then(|| request.conditions.range(&headers, &body)).flatten();
    let Some((first, last)) = range else { return (status, headers, body) };
    let bounds = usize::try_from(first).ok().zip(usize::try_from(last).ok());
    let field = HeaderValue::try_from(format!("bytes {first}-{last}/{}", body.len()));
    let (Some((from, to)), Ok(field)) = (bounds, field) else { return (status, headers, body) };
    headers.insert(CONTENT_RANGE, field);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(to - from + 1));
    (StatusCode::PARTIAL_CONTENT, headers, body.slice(from..=to))
}
