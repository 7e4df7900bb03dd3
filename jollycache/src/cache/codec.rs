//! Values to bytes and back.

use bytes::Bytes;

use crate::Value;
use crate::error::{Error, ErrorKind, Result};

/// Encodes a value as JSON.
pub(super) fn encode<V: Value>(value: &V, most: usize) -> Result<Bytes> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        // serde_json's text may quote the value, so only its kind is told.
        let class = error.classify();
        Error::new(ErrorKind::Encode, format!("the value cannot be encoded as JSON: {class:?} error"))
    })?;
    if bytes.len() > most {
        let found = bytes.len();
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the value has {found} bytes, the limit is {most}"),
        ));
    }
    Ok(bytes.into())
}

/// Decodes a value; `None` if the bytes are not one.
pub(super) fn decode<V: Value>(payload: &[u8]) -> Option<V> {
    serde_json::from_slice(payload).ok()
}
