//! Answers from stored responses.

use bytes::Bytes;
use http::header::{AGE, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;

use super::body::ResponseBody;
use super::fields;
use super::record::Stored;
use super::request::Asked;
use crate::clock;

/// The answer of a stored response to a request: the whole, a part, its head, or that nothing changed.
pub(super) fn from_stored<R: Body>(stored: Stored, asked: &Asked) -> Response<ResponseBody<R>> {
    let Stored { freshness, status, mut headers, body, .. } = stored;
    headers.insert(AGE, HeaderValue::from(freshness.age(clock::now_ms())));
    answer(status, headers, body, asked)
}

/// The answer of a whole response to a request.
pub(super) fn answer<R: Body>(
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    asked: &Asked,
) -> Response<ResponseBody<R>> {
    let (status, headers, body) = parts(status, headers, body, asked);
    let mut response = Response::new(ResponseBody::whole(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn parts(
    status: StatusCode,
    mut headers: HeaderMap,
    body: Bytes,
    asked: &Asked,
) -> (StatusCode, HeaderMap, Bytes) {
    if asked.conditions.not_modified(status, &headers) {
        let mut kept = fields::not_modified(&headers);
        kept.extend(headers.remove(AGE).map(|age| (AGE, age)));
        return (StatusCode::NOT_MODIFIED, kept, Bytes::new());
    }
    if asked.is_head {
        if !headers.contains_key(CONTENT_LENGTH) && !body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        return (status, headers, Bytes::new());
    }
    let part = (status == StatusCode::OK).then(|| asked.conditions.part(&headers, &body)).flatten();
    let Some((first, last)) = part else { return (status, headers, body) };
    let bounds = usize::try_from(first).ok().zip(usize::try_from(last).ok());
    let range = HeaderValue::try_from(format!("bytes {first}-{last}/{}", body.len()));
    let (Some((from, to)), Ok(range)) = (bounds, range) else { return (status, headers, body) };
    headers.insert(CONTENT_RANGE, range);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(to - from + 1));
    (StatusCode::PARTIAL_CONTENT, headers, body.slice(from..=to))
}
