//! Reading replies.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::error::{from_server, unexpected};
use super::run::Run;
use crate::backend::Inspection;
use crate::entry::{Entry, Record, RegionId, RunId, Token, decode_record, record_run};
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

/// A field of `INFO`.
pub(super) fn field<'t>(info: &'t str, name: &str) -> Option<&'t str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A stored value; whatever else is there reads as nothing, and so does what is of another run and not believed.
pub(super) fn entry(value: Value, run: Run) -> Option<Entry> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    record_run(&stored).filter(|&written| run.believes(written))?;
    match decode_record(Bytes::from(stored)) {
        Record::Value(entry) => Some(entry),
        Record::Reserved | Record::Foreign => None,
    }
}

/// A tag's id, as it is stored: with the run that it was made in. Whatever else is there reads as none.
pub(super) fn tag_id(value: &Value, run: Run) -> Option<Token> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    let (id, made_in) = stored.split_first_chunk()?;
    run.believes(RunId(made_in.try_into().ok()?)).then_some(Token(*id))
}

/// A token that a script returned.
pub(super) fn token(value: &Value) -> Option<Token> {
    let Value::BulkString(token) = value else {
        return None;
    };
    token.as_slice().try_into().ok().map(Token)
}

/// What the inspecting script says.
pub(super) fn inspection(value: Value, run: Run) -> Result<Inspection> {
    let [kind, now, remaining, detail, poisoned, body] = list_of(value)?;
    let (detail, remaining) = (integer(detail)?, millis(integer(remaining)?));
    let region = match &body {
        Value::BulkString(id) => id.first_chunk().map_or(RegionId(0), |id| RegionId(u32::from_be_bytes(*id))),
        _ => return Err(unexpected()),
    };
    Ok(match text(kind)?.as_str() {
        "" => Inspection::Vacant,
        "V" => match entry(body, run) {
            Some(entry) => Inspection::Value {
                entry,
                now: u64::try_from(integer(now)?).map_err(|_| unexpected())?,
                remaining,
                lease: (detail >= 0).then(|| millis(detail)),
            },
            // A value to the scripts, which look at less of it.
            None => Inspection::Foreign,
        },
        "L" => Inspection::Leased { region, remaining },
        "I" => Inspection::Intent {
            region,
            remaining,
            writers: usize::try_from(detail).map_err(|_| unexpected())?,
            poisoned: flag(poisoned)?,
        },
        "E" => Inspection::Evicted { region, closed: remaining },
        _ => Inspection::Foreign,
    })
}

/// Milliseconds; what is below zero is none.
pub(super) fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}
