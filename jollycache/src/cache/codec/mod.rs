//! Values to bytes and back. An encoded value decodes to the same value, or it is refused.

mod digest;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use self::digest::digest;
use crate::Value;
use crate::error::{Error, ErrorKind, Result};

/// The format that values are written in, and what it is called in errors.
const FORMAT: &str = "JSON";
/// Whether it is human-readable: some types serialize differently for such formats.
const HUMAN_READABLE: bool = true;

/// Encodes a value, to be stored.
///
/// Costs a decoding and two passes over the value, so that hits need no check of their own.
pub(super) fn encode<V: Value>(value: &V, most: usize) -> Result<Bytes> {
    let payload = encode_unchecked(value)?;
    check_size(payload.len(), most)?;
    if is_kept(value, &payload) { Ok(payload) } else { Err(lossy()) }
}

/// Encodes a value, to be compared and not to be stored.
pub(super) fn encode_unchecked<V: Value>(value: &V) -> Result<Bytes> {
    match serde_json::to_vec(value) {
        Ok(payload) => Ok(payload.into()),
        Err(error) => Err(not_encodable(&error)),
    }
}

/// Decodes a value; `None` if the bytes are not one.
pub(super) fn decode<V: Value>(payload: &[u8]) -> Option<V> {
    serde_json::from_slice(payload).ok()
}

/// Whether the payload decodes to `value`. Types need not be comparable, nor would it do: NaN is not equal to itself, and
/// 0.0 is equal to -0.0.
pub(super) fn is_kept<V: Value>(value: &V, payload: &[u8]) -> bool {
    let Some(decoded) = decode::<V>(payload) else { return false };
    let original = digest(value, HUMAN_READABLE);
    original.is_some() && original == digest(&decoded, HUMAN_READABLE)
}

fn check_size(found: usize, most: usize) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TooLarge, format!("the value has {found} bytes, the limit is {most}")))
}

fn not_encodable(error: &serde_json::Error) -> Error {
    // serde_json's text may quote the value, so only its kind is reported.
    let class = error.classify();
    Error::new(ErrorKind::Encode, format!("the value cannot be encoded as {FORMAT}: {class:?} error"))
}

fn lossy() -> Error {
    Error::new(
        ErrorKind::Lossy,
        format!(
            "the value does not come back from {FORMAT} as it was: look for NaN, for `Some(None)` and `Some(())`, and for \
             a `Deserialize` that does not follow its `Serialize`"
        ),
    )
}
