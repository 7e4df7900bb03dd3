//! Flights: single flight within the process. The first caller of a key is its leader, the others follow.
//!
//! A flight can be joined only until its leader seals it, which it does before it stores what it loaded: whoever
//! joined did so before the store was asked whether the load is still valid, so that answer holds for all of them.
//! A leader that is cancelled leaves the flight to its followers; one that panics has failed.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

use crate::entry::Fingerprint;
use crate::key::StoredKey;

/// The most followers of one flight; who comes after them loads alone.
pub(crate) const MAX_FOLLOWERS: usize = 10_000;

/// One flight is one key read as one type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    pub(crate) key: StoredKey,
    pub(crate) fingerprint: Fingerprint,
}

/// How a flight ended, for its followers.
#[derive(Debug, Clone)]
pub(crate) enum Landing {
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

type Open = HashMap<FlightKey, watch::Sender<Option<Landing>>>;

/// The flights that can be joined, and the turns of those that load without the backend's word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights {
    open: Arc<Mutex<Open>>,
    turns: Arc<Mutex<HashMap<FlightKey, Weak<AsyncMutex<()>>>>>,
}

/// The right to load a key without a lease, one caller of the process at a time.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Flights {
    /// Joins the flight of `key`, or starts one.
    pub(crate) fn join(&self, key: FlightKey) -> Role {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.entry(key) {
            MapEntry::Occupied(flight) if flight.get().receiver_count() >= MAX_FOLLOWERS => Role::Crowded,
            MapEntry::Occupied(flight) => Role::Follower(Follower { landing: flight.get().subscribe() }),
            MapEntry::Vacant(place) => {
                let key = place.key().clone();
                let landing = place.insert(watch::channel(None).0).clone();
                Role::Leader(Leader { flights: self.clone(), key, landing: Some(landing), sealed: false })
            }
        }
    }

    /// How many callers wait in open flights.
    pub(crate) fn followers(&self) -> usize {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().map(watch::Sender::receiver_count).sum()
    }
}

/// The caller that loads.
#[derive(Debug)]
pub(crate) struct Leader {
    flights: Flights,
    key: FlightKey,
    landing: Option<watch::Sender<Option<Landing>>>,
    sealed: bool,
}

impl Leader {
    /// From now on nobody joins: the next caller starts a flight of its own.
    pub(crate) fn seal(&mut self) {
        if !self.sealed {
            self.sealed = true;
            self.flights.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }

    /// Waits until no earlier flight of this key loads without a lease. Cancel safe.
    pub(crate) async fn turn(&self) -> Turn {
        let turn = {
            let mut turns = self.flights.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|key, turn| *key == self.key || turn.strong_count() > 0);
            turns.get(&self.key).and_then(Weak::upgrade).unwrap_or_else(|| {
                let turn = Arc::new(AsyncMutex::new(()));
                turns.insert(self.key.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    /// Seals the flight and tells the followers how it ended.
    pub(crate) fn land(mut self, landing: Landing) {
        self.finish(landing);
    }

    fn finish(&mut self, landing: Landing) {
        self.seal();
        if let Some(followers) = self.landing.take() {
            followers.send_replace(Some(landing));
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.landing.is_some() {
            // A panic would repeat itself in each follower in turn if they took over one after another.
            let landing = if std::thread::panicking() { Landing::Failed(None) } else { Landing::Retry };
            self.finish(landing);
        }
    }
}

/// A caller that waits for the leader.
#[derive(Debug)]
pub(crate) struct Follower {
    landing: watch::Receiver<Option<Landing>>,
}

impl Follower {
    /// Waits for the flight's end. Cancel safe.
    pub(crate) async fn landed(&mut self) -> Landing {
        match self.landing.wait_for(Option::is_some).await {
            Ok(landing) => landing.clone().unwrap_or(Landing::Retry),
            Err(_) => Landing::Retry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> FlightKey {
        FlightKey { key: StoredKey::found(name), fingerprint: Fingerprint(1) }
    }

    fn leader(flights: &Flights) -> Leader {
        match flights.join(key("k")) {
            Role::Leader(leader) => leader,
            other => panic!("expected to lead, got {other:?}"),
        }
    }

    fn follower(flights: &Flights) -> Follower {
        match flights.join(key("k")) {
            Role::Follower(follower) => follower,
            other => panic!("expected to follow, got {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_sealed_flight_is_not_joined() {
        let flights = Flights::default();
        let mut first = leader(&flights);
        let mut early = follower(&flights);
        first.seal();
        let _second = leader(&flights);
        first.land(Landing::Value(Shared { none: true, payload: Bytes::new() }));
        assert!(matches!(early.landed().await, Landing::Value(_)));
    }

    #[tokio::test]
    async fn landing_the_sealed_flight_leaves_the_next_one_open() {
        let flights = Flights::default();
        let mut first = leader(&flights);
        first.seal();
        let second = leader(&flights);
        first.land(Landing::Retry);
        let mut late = follower(&flights);
        second.land(Landing::Alone);
        assert!(matches!(late.landed().await, Landing::Alone));
    }

    #[tokio::test]
    async fn a_cancelled_leader_leaves_the_flight_to_the_next() {
        let flights = Flights::default();
        let first = leader(&flights);
        let mut waiting = follower(&flights);
        drop(first);
        assert!(matches!(waiting.landed().await, Landing::Retry));
        let _next = leader(&flights);
    }

    #[tokio::test]
    async fn a_panicking_leader_has_failed() {
        let flights = Flights::default();
        let first = leader(&flights);
        let mut waiting = follower(&flights);
        let panicked = std::thread::spawn(move || {
            let _held = first;
            panic!("the loader panics");
        });
        assert!(panicked.join().is_err());
        assert!(matches!(waiting.landed().await, Landing::Failed(None)));
    }

    #[test]
    fn types_do_not_share_a_flight() {
        let flights = Flights::default();
        let _first = leader(&flights);
        let other = FlightKey { fingerprint: Fingerprint(2), ..key("k") };
        assert!(matches!(flights.join(other), Role::Leader(_)));
    }
}
