//! Flights: single flight within the process. The first caller of a key is its leader, the others follow.
//!
//! A flight can be joined only until its leader seals it, which it does before it stores what it loaded: all followers
//! joined before the store checked whether the load is still valid, so the result of that check holds for each of them.
//! A leader that is cancelled leaves the flight to its followers; one that panics has failed.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

use super::sync::{Mutex, MutexGuard};
use crate::entry::Fingerprint;
use crate::key::StoredKey;

/// The most followers of one flight. One costs little more than its own future, so this is a bound against a leak and
/// not against a crowd. Beyond it, callers load at the bounded concurrency of loads without a lease.
pub(crate) const MAX_FOLLOWERS: usize = 1_000_000;

/// One flight is one key read as one type, in one of two ways.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    pub(crate) key: StoredKey,
    pub(crate) fingerprint: Fingerprint,
    /// Whether its callers go past the backend, which failed, or which an invalidation of the key has not reached yet.
    ///
    /// They have flights of their own, sealed before the load begins. A flight under a lease can be joined while its
    /// load runs, because the fill is refused if the key was invalidated meanwhile; but a pending invalidation refuses
    /// no fill, so a caller that came after it could get the value from before it.
    pub(crate) bypasses: bool,
}

/// How a flight ended, for its followers.
#[derive(Debug, Clone)]
pub(crate) enum FlightResult {
    /// With a value that was valid when the flight was sealed.
    Value(Shared),
    /// The load failed; with its error, where that can be shared.
    Failed(Option<Arc<dyn Any + Send + Sync>>),
    /// The value is the leader's alone, or the leader is gone: start again.
    Retry,
    /// Nothing can be stored at this time: each loads by itself.
    Alone,
}

/// A loaded value, as bytes.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) none: bool,
    pub(crate) payload: Bytes,
}

/// What a caller is.
#[derive(Debug)]
pub(crate) enum Role {
    Leader(Leader),
    Follower(Follower),
    /// Too many follow already.
    Crowded,
}

/// A flight that can be joined.
#[derive(Debug)]
struct Flight {
    result: watch::Sender<Option<FlightResult>>,
    /// The end of its leader's lease, about: what is loaded after it cannot be stored, so a leader that takes longer,
    /// or never comes back, must not block later callers.
    until: Instant,
}

/// The callers that load a key without a lease, one after another.
#[derive(Debug, Default)]
struct Line {
    turn: Arc<AsyncMutex<()>>,
    /// How many have the turn or wait for it. The line is removed with the last of them.
    length: usize,
}

/// The flights that can be joined, and the turns of the loads without a lease.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights {
    open: Arc<Mutex<HashMap<FlightKey, Flight>>>,
    lines: Arc<Mutex<HashMap<FlightKey, Line>>>,
}

impl Flights {
    /// Joins the flight of `key`, or starts one, which can be joined for `lease`, or until [`Leader::renew`] extends that.
    pub(crate) fn join(&self, key: FlightKey, now: Instant, lease: Duration) -> Role {
        let mut open = self.open();
        if let Some(flight) = open.get(&key).filter(|flight| now < flight.until) {
            let Flight { result, until } = flight;
            if result.receiver_count() >= MAX_FOLLOWERS {
                return Role::Crowded;
            }
            return Role::Follower(Follower { result: result.subscribe(), until: *until });
        }
        let result = watch::channel(None).0;
        open.insert(key.clone(), Flight { result: result.clone(), until: now + lease });
        Role::Leader(Leader { flights: self.clone(), key, result: Some(result), sealed: false })
    }

    /// How many flights can be joined.
    pub(crate) fn count(&self) -> usize {
        self.open().len()
    }

    /// How many callers wait in open flights.
    pub(crate) fn followers(&self) -> usize {
        self.open().values().map(|flight| flight.result.receiver_count()).sum()
    }

    /// How many keys have a line of callers that load without a lease.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> usize {
        self.lock_lines().len()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<FlightKey, Flight>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_lines(&self) -> MutexGuard<'_, HashMap<FlightKey, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand_in_line(&self, key: FlightKey) -> InLine {
        let mut lines = self.lock_lines();
        let line = lines.entry(key.clone()).or_default();
        line.length += 1;
        let turn = line.turn.clone();
        drop(lines);
        InLine { flights: self.clone(), key, turn }
    }
}

/// The caller that loads.
#[derive(Debug)]
pub(crate) struct Leader {
    flights: Flights,
    key: FlightKey,
    result: Option<watch::Sender<Option<FlightResult>>>,
    sealed: bool,
}

impl Leader {
    /// Lets the flight be joined until `until`: a lease was granted later than the flight began.
    pub(crate) fn renew(&self, until: Instant) {
        if let Some(flight) = self.flights.open().get_mut(&self.key).filter(|flight| self.leads(flight)) {
            flight.until = until;
        }
    }

    /// Closes the flight to new followers: the next caller starts a flight of its own.
    pub(crate) fn seal(&mut self) {
        if !self.sealed {
            self.sealed = true;
            let mut open = self.flights.open();
            // Past its end it may have been replaced by another's.
            if open.get(&self.key).is_some_and(|flight| self.leads(flight)) {
                open.remove(&self.key);
            }
        }
    }

    fn leads(&self, flight: &Flight) -> bool {
        self.result.as_ref().is_some_and(|result| result.same_channel(&flight.result))
    }

    /// Waits until no earlier flight of this key loads without a lease. Cancel safe.
    pub(crate) async fn turn(&self) -> Turn {
        // One line for both ways to read the key: either ends in a load without a lease.
        let place = self.flights.stand_in_line(FlightKey { bypasses: false, ..self.key.clone() });
        Turn { _guard: place.turn.clone().lock_owned().await, _place: place }
    }

    /// Seals the flight and sends its result to the followers.
    pub(crate) fn finish(mut self, result: FlightResult) {
        self.publish(result);
    }

    fn publish(&mut self, result: FlightResult) {
        self.seal();
        if let Some(followers) = self.result.take() {
            followers.send_replace(Some(result));
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.result.is_some() {
            // A panic would repeat itself in each follower in turn if they took over one after another.
            let result =
                if std::thread::panicking() { FlightResult::Failed(None) } else { FlightResult::Retry };
            self.publish(result);
        }
    }
}

/// The right to load a key without a lease, one caller of the process at a time. The next one's turn begins when this
/// is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    // In this order: the turn passes on before the line may be removed.
    _guard: OwnedMutexGuard<()>,
    _place: InLine,
}

/// A place in a key's line.
#[derive(Debug)]
struct InLine {
    flights: Flights,
    key: FlightKey,
    turn: Arc<AsyncMutex<()>>,
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut lines = self.flights.lock_lines();
        if let Some(line) = lines.get_mut(&self.key) {
            line.length -= 1;
            if line.length == 0 {
                lines.remove(&self.key);
            }
        }
    }
}

/// A caller that waits for the leader.
#[derive(Debug)]
pub(crate) struct Follower {
    result: watch::Receiver<Option<FlightResult>>,
    until: Instant,
}

impl Follower {
    /// How long the flight was to last when it was joined: beyond that its leader is not worth waiting for.
    pub(crate) fn time_left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// Waits for the flight's end. Cancel safe.
    pub(crate) async fn result(&mut self) -> FlightResult {
        match self.result.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(FlightResult::Retry),
            Err(_) => FlightResult::Retry,
        }
    }
}
