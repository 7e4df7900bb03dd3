//! A request for a lease as a call of its script, and the reply.

use std::time::Duration;

use redis::Value;

use super::arguments::lifetime_ms;
use super::error::unexpected;
use super::pool::Pool;
use super::{record, reply, scripts};
use crate::entry::Entry;
use crate::error::Result;
use crate::protocol::{Lease, LeaseMode, LeaseRequest};

/// Requests the lease, with a mode that may be another than the request's. Returns `None` if what the script took for a value
/// cannot be decoded.
pub(super) async fn request(
    pool: &Pool,
    request: &LeaseRequest<'_>,
    mode: LeaseMode,
) -> Result<Option<Lease>> {
    let mut call = scripts::LEASE.call(request.key.as_str());
    call.arg(&request.region.0.to_be_bytes()[..]).arg(&request.token.0[..]).arg(lifetime_ms(request.ttl));
    call.arg(match mode {
        LeaseMode::Load => "load",
        LeaseMode::Replace => "replace",
        LeaseMode::Refresh => "refresh",
    });
    for tag in request.live_tags {
        call.arg(&*tag.name).arg(&tag.id.0[..]);
    }
    let (answer, run) = pool.call_with_run(call).await?;
    let [status, remaining, value] = reply::list_of(answer)?;
    let was_value = !matches!(value, Value::Nil);
    let entry = record::entry(value, run);
    if was_value && entry.is_none() {
        return Ok(None);
    }
    lease(&reply::text(status)?, reply::millis(reply::integer(remaining)?), entry).map(Some)
}

fn lease(status: &str, remaining: Duration, entry: Option<Entry>) -> Result<Lease> {
    match (status, entry) {
        ("hit", Some(entry)) => Ok(Lease::Hit(entry)),
        ("leased", stale) => Ok(Lease::Leased { stale }),
        ("wait", stale) => Ok(Lease::Wait { stale, remaining }),
        ("bypass", _) => Ok(Lease::Bypass { remaining }),
        _ => Err(unexpected()),
    }
}
