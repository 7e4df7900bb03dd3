//! Reading replies.

use bytes::Bytes;
use redis::Value;

use super::error::{from_server, unexpected};
use crate::entry::{Entry, Record, Token, decode_record};
use crate::error::Result;

/// A reply that is not an error.
pub(super) fn ok(value: Value) -> Result<Value> {
    match value {
        Value::ServerError(error) => Err(from_server(&error)),
        value => Ok(value),
    }
}

/// The replies to some commands, if none is an error.
pub(super) fn all_ok(values: Vec<Value>) -> Result<Vec<Value>> {
    values.into_iter().map(ok).collect()
}

/// A list.
pub(super) fn list(value: Value) -> Result<Vec<Value>> {
    match ok(value)? {
        Value::Array(values) => Ok(values),
        _ => Err(unexpected()),
    }
}

/// A list of known length.
pub(super) fn list_of<const N: usize>(value: Value) -> Result<[Value; N]> {
    list(value)?.try_into().map_err(|_| unexpected())
}

/// A number.
pub(super) fn integer(value: Value) -> Result<i64> {
    match ok(value)? {
        Value::Int(number) => Ok(number),
        value => text(value)?.parse().map_err(|_| unexpected()),
    }
}

/// A script's yes or no.
pub(super) fn flag(value: Value) -> Result<bool> {
    Ok(integer(value)? != 0)
}

/// Text.
pub(super) fn text(value: Value) -> Result<String> {
    match ok(value)? {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| unexpected()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
        Value::Okay => Ok("OK".to_owned()),
        _ => Err(unexpected()),
    }
}

/// A stored value; whatever else is there reads as nothing.
pub(super) fn entry(value: Value) -> Option<Entry> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    match decode_record(Bytes::from(stored)) {
        Record::Value(entry) => Some(entry),
        Record::Reserved | Record::Foreign => None,
    }
}

/// A tag's id; whatever else is there reads as none.
pub(super) fn token(value: &Value) -> Option<Token> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    stored.as_slice().try_into().ok().map(Token)
}
