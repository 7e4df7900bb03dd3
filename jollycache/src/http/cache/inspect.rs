//! `inspect`: stored records as JSON, for the admin page.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::record::{Record, Scope, StoredResponse};

/// A record as JSON; `None` for one that does not decode.
pub(crate) fn inspect(payload: &Bytes) -> Option<Value> {
    Some(match Record::decode(payload.clone())? {
        Record::Response(stored) => inspect_response(&stored),
        Record::Index(index) => {
            let names: Vec<_> = index.names.iter().map(http::HeaderName::as_str).collect();
            json!({ "varies_by": names })
        }
        Record::Uncacheable(Scope::AllRequests) => json!({ "uncacheable": true }),
        Record::Uncacheable(Scope::WithCredentials) => json!({ "uncacheable": "with credentials" }),
    })
}

/// A stored response as JSON. The body is shown as JSON or text if it is that, else by its length.
fn inspect_response(StoredResponse { status, headers, body, .. }: &StoredResponse) -> Value {
    let mut fields = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        fields.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    let text = || std::str::from_utf8(body).map_or_else(|_| json!({ "bytes": body.len() }), Value::from);
    let body = serde_json::from_slice(body).unwrap_or_else(|_| text());
    json!({ "status": status.as_u16(), "headers": fields, "body": body })
}
