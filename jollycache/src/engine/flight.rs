//! Flights: single flight within the process. The first caller of a key is its leader, the others follow.
//!
//! A flight can be joined only until its leader seals it, which it does before it stores what it loaded: whoever
//! joined did so before the store was asked whether the load is still valid, so that answer holds for all of them.
//! A leader that is cancelled leaves the flight to its followers; one that panics has failed.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Arc, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

use super::sync::Mutex;
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

    /// How many flights can be joined.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
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
