//! What is stored, for people to look at.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::record::{Record, Stored, Whose};

/// A record as JSON; `None` for one that does not decode.
pub(crate) fn show(payload: &Bytes) -> Option<Value> {
    Some(match Record::decode(payload.clone())? {
        Record::Response(stored) => show_response(&stored),
        Record::Index(index) => {
            let names: Vec<_> = index.names.iter().map(http::HeaderName::as_str).collect();
            json!({ "varies_by": names })
        }
        Record::Pass(Whose::All) => json!({ "uncacheable": true }),
        Record::Pass(Whose::WithCredentials) => json!({ "uncacheable": "with credentials" }),
    })
}

/// The body as JSON or text, where it is one.
fn show_response(Stored { status, headers, body, .. }: &Stored) -> Value {
    let mut fields = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        fields.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    let text = || std::str::from_utf8(body).map_or_else(|_| json!({ "bytes": body.len() }), Value::from);
    let body = serde_json::from_slice(body).unwrap_or_else(|_| text());
    json!({ "status": status.as_u16(), "headers": fields, "body": body })
}
