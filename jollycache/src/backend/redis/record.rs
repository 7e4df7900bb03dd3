//! Reading stored records, which count by the run of the server that wrote them.

use bytes::Bytes;
use redis::Value;

use super::error::unexpected;
use super::reply::{flag, integer, list_of, millis, text};
use super::run::Run;
use crate::entry::{Entry, Record, RegionId, RunId, Token, decode_record, record_run};
use crate::error::Result;
use crate::protocol::Inspection;

/// A stored value. Anything else reads as nothing, and so does a value of another run that is not trusted.
pub(super) fn entry(value: Value, run: Run) -> Option<Entry> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    record_run(&stored).filter(|&written| run.trusts(written))?;
    match decode_record(Bytes::from(stored)) {
        Record::Value(entry) => Some(entry),
        Record::Reserved | Record::Foreign => None,
    }
}

/// A tag's id, which is stored with the run that it was created in. Anything else reads as none.
pub(super) fn tag_id(value: &Value, run: Run) -> Option<Token> {
    let Value::BulkString(stored) = value else {
        return None;
    };
    let (id, made_in) = stored.split_first_chunk()?;
    run.trusts(RunId(made_in.try_into().ok()?)).then_some(Token(*id))
}

/// A token that a script returned.
pub(super) fn token(value: &Value) -> Option<Token> {
    let Value::BulkString(token) = value else {
        return None;
    };
    token.as_slice().try_into().ok().map(Token)
}

/// The reply of the inspecting script.
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
            // The scripts check less of a value than the decoder does.
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
