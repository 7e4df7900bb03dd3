//! Reading replies.

use std::time::Duration;

use redis::Value;

use super::error::{from_server, unexpected};
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

/// A script's flag: 0 or 1.
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

/// A field of `INFO`.
pub(super) fn field<'t>(info: &'t str, name: &str) -> Option<&'t str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Milliseconds; what is below zero is none.
pub(super) fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

/// The sum of some counts, if none of the replies is an error.
pub(super) fn sum(replies: Vec<Value>) -> Result<u64> {
    let counts = replies.into_iter().map(|reply| {
        let count = integer(reply)?;
        u64::try_from(count).map_err(|_| unexpected())
    });
    counts.sum()
}
