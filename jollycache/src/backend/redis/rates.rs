//! Rate limits as a call of a script, and its reply.
//!
//! One call has all keys of the requests that are judged together, so that it is atomic over them. In a cluster, the keys
//! of one call have to be in one slot.

use std::time::Duration;

use redis::Value;

use super::error::unexpected;
use super::scripts::Call;
use super::{reply, scripts};
use crate::error::Result;
use crate::protocol::{RateAlgorithm, RateMode, RateRequest, RateVerdict};

/// How many numbers the script answers with for each limit.
const NUMBERS: usize = 3;

/// The call; `None` without requests.
pub(super) fn call(requests: &[RateRequest<'_>], mode: RateMode) -> Result<Option<Call>> {
    RateRequest::check(requests)?;
    if requests.is_empty() {
        return Ok(None);
    }
    let keys: Vec<&str> = requests.iter().map(|request| request.key.as_str()).collect();
    let mut call = scripts::RATE.call_on(&keys);
    call.arg(match mode {
        RateMode::Take => "take",
        RateMode::Look => "look",
    });
    for RateRequest { rule, cost, .. } in requests {
        // Any cost above the capacity is refused, and a number of Lua would lose the digits of a large one.
        let cost = (*cost).min(rule.capacity() + 1);
        call.arg(letter(rule.algorithm())).arg(rule.quota()).arg(rule.window_ms());
        call.arg(rule.capacity()).arg(cost);
    }
    Ok(Some(call))
}

/// Reads the script's reply: for each limit the wait in ms or -1, the requests there is room for, and the ms until
/// all is free again.
pub(super) fn verdicts(requests: &[RateRequest<'_>], answer: Value) -> Result<Vec<RateVerdict>> {
    let numbers: Vec<i64> = reply::list(answer)?.into_iter().map(reply::integer).collect::<Result<_>>()?;
    if numbers.len() != requests.len() * NUMBERS {
        return Err(unexpected());
    }
    numbers.as_chunks::<NUMBERS>().0.iter().map(verdict).collect()
}

fn verdict(&[wait, remaining, empty_in]: &[i64; NUMBERS]) -> Result<RateVerdict> {
    let whole = |number| u64::try_from(number).map_err(|_| unexpected());
    Ok(RateVerdict {
        admitted: wait == 0,
        remaining: whole(remaining)?,
        retry_after: u64::try_from(wait).ok().map(Duration::from_millis),
        reset_after: Duration::from_millis(whole(empty_in)?),
    })
}

fn letter(algorithm: RateAlgorithm) -> &'static str {
    match algorithm {
        RateAlgorithm::SlidingLog => "L",
        RateAlgorithm::SlidingCounter => "C",
        RateAlgorithm::TokenBucket => "B",
    }
}
