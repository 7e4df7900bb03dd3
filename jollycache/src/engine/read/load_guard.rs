//! `LoadGuard`: the right, and the duty, to load. However it ends (stored, refused, failed, cancelled, panicked), the
//! followers get a result and the lease is released.

use std::any::Any;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, info_span};

use super::lease::LoadLease;
use super::loading::{self, Loading};
use super::lookup::Lookup;
use super::reader::Reader;
use crate::backend::Filled;
use crate::clock;
use crate::engine::Engine;
use crate::engine::draft::NewValue;
use crate::engine::flight::{FlightResult, Leader, Shared, Turn};
use crate::entry::{Draft, Entry, Token, Version};
use crate::error::Result;
use crate::tracker::{Count, Timed};

/// How long a load without a lease keeps its turn and its place at most. One that takes longer goes on without blocking
/// others: a loader that hangs must not take a place from other keys for good.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_secs(1);

/// One of the places for loads without a lease.
#[derive(Debug)]
pub(crate) struct LoadPlace(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// The result of a load, for the cache.
#[derive(Debug)]
pub(crate) enum LoadResult {
    /// A value, and how long it is to live.
    Value { payload: Bytes, ttl: Duration, stale: Duration, version: Option<Version> },
    /// `None`; with a lifetime if it is to be stored.
    None { ttl: Option<Duration> },
    /// A value that is not to be stored, though others may have it.
    Unstored { payload: Bytes },
    /// A value that cannot leave its caller.
    Unshareable,
}

/// What the holder of a guard may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadPermission {
    /// Load, and store.
    Leased,
    /// Load, and do not store.
    Bypass,
    /// The same, because the backend failed.
    Broken,
}

/// Whether a loaded value was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillOutcome {
    /// It is stored.
    Stored,
    /// It was not to be stored.
    Unstored,
    /// An invalidation or a writer came in between.
    Refused,
    /// The backend failed.
    Failed,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct LoadGuard {
    engine: Arc<Engine>,
    lookup: Lookup,
    pub(crate) permission: LoadPermission,
    leader: Option<Leader>,
    lease: Option<LoadLease>,
    place: Option<LoadPlace>,
    turn: Option<Turn>,
    began: Instant,
}

impl LoadGuard {
    pub(super) fn leased(
        Reader { engine, lookup }: Reader<'_>,
        leader: Option<Leader>,
        lease: LoadLease,
    ) -> Box<Self> {
        let began = clock::now();
        if let Some(leader) = &leader {
            leader.renew(began + lookup.policy.lease);
        }
        Box::new(LoadGuard {
            engine: engine.clone(),
            lookup: lookup.clone(),
            permission: LoadPermission::Leased,
            leader,
            lease: Some(lease),
            place: None,
            turn: None,
            began,
        })
    }

    pub(super) fn unleased(
        Reader { engine, lookup }: Reader<'_>,
        mut leader: Option<Leader>,
        permission: LoadPermission,
        (turn, place): (Option<Turn>, Option<LoadPlace>),
    ) -> Box<Self> {
        if let Some(leader) = &mut leader {
            leader.seal();
        }
        let began = clock::now();
        Box::new(LoadGuard {
            engine: engine.clone(),
            lookup: lookup.clone(),
            permission,
            leader,
            lease: None,
            place,
            turn,
            began,
        })
    }

    /// Runs the load in a span, because traces are read to explain misses. A hit has none.
    pub(crate) async fn run<F: Future>(&mut self, load: Pin<&mut F>) -> F::Output {
        let Lookup { region, key, .. } = &self.lookup;
        let load = load.instrument(info_span!(
            target: "jollycache",
            "cache.load",
            cache.region = &*region.name,
            otel.kind = "internal",
        ));
        let store = &self.engine.store;
        let mut load = pin!(Loading::run(store, vec![key.clone()], self.place.is_some(), load));
        if self.place.is_some() || self.turn.is_some() {
            if let Ok(loaded) = tokio::time::timeout(LONGEST_HOLD, load.as_mut()).await {
                return loaded;
            }
            self.let_others_load();
        }
        load.await
    }

    /// The stale value that may be served if the load fails. It was read by this caller, after it started.
    pub(crate) fn take_stale(&mut self) -> Option<Entry> {
        self.lease.as_mut().and_then(|lease| lease.stale.take())
    }

    /// Whether there is a stale value for when the load fails.
    pub(crate) fn has_stale(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.stale.is_some())
    }

    /// Whether it has one of the places for loads without a lease.
    pub(crate) fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// The load begins now, in this place, if there is one.
    pub(super) fn hold(&mut self, place: Option<LoadPlace>) {
        (self.place, self.began) = (place, clock::now());
    }

    /// Whether what is loaded may be stored: whether there is a lease.
    pub(crate) fn may_store(&self) -> bool {
        self.lease.is_some()
    }

    /// Ends a load that succeeded.
    pub(crate) async fn complete(mut self: Box<Self>, loaded: LoadResult) -> FillOutcome {
        let took = self.count_load();
        let Some(lease) = self.lease.take() else {
            // Sealed before the load began, so it is as fresh as each follower may ask.
            self.finish_flight(result_of(&loaded));
            return FillOutcome::Unstored;
        };
        if let Some(leader) = &mut self.leader {
            leader.seal();
        }
        // Before the fill: what is delivered by then refuses it, or is observed by it.
        let undelivered = self.is_undelivered();
        let (still_valid, outcome) = self.settle(lease, &loaded, took).await;
        self.finish_flight(if still_valid && !undelivered {
            result_of(&loaded)
        } else {
            FlightResult::Retry
        });
        outcome
    }

    /// Stores the value, if nothing happened to the key since the lease. Returns whether it was stored.
    pub(crate) async fn store_if_untouched(mut self: Box<Self>, value: LoadResult) -> bool {
        let Some(lease) = self.lease.take() else { return false };
        self.settle(lease, &value, Duration::ZERO).await.0
    }

    /// Gives the lease back; what is under it stays. Returns whether nothing happened to the key since it was taken.
    pub(crate) async fn release_untouched(mut self: Box<Self>) -> bool {
        match self.lease.take() {
            Some(lease) => self.give_back(lease).await,
            None => false,
        }
    }

    /// Ends a failed load. `failure` goes to the followers, if it can be shared.
    pub(crate) async fn fail(mut self: Box<Self>, failure: Option<Arc<dyn Any + Send + Sync>>) {
        self.count_load();
        self.lookup.region.tracker.count(Count::LoadError);
        self.finish_flight(FlightResult::Failed(failure));
        if let Some(lease) = self.lease.take() {
            // An error is counted, and the worker tries again.
            let _ = lease.held.release(&self.lookup).await;
        }
    }

    /// Stores what was loaded, or releases the lease. Returns whether nothing was invalidated since the lease was taken,
    /// and the fate of the value.
    async fn settle(&self, lease: LoadLease, loaded: &LoadResult, took: Duration) -> (bool, FillOutcome) {
        match self.draft(&lease, loaded, took) {
            Some(draft) => self.fill(lease, &draft).await,
            None => (self.give_back(lease).await, FillOutcome::Unstored),
        }
    }

    async fn fill(&self, lease: LoadLease, draft: &Draft) -> (bool, FillOutcome) {
        let tracker = &self.lookup.region.tracker;
        match lease.held.fill(&self.lookup, draft).await {
            Ok(Filled { stored: true, tag_ids }) => {
                tracker.count(Count::Fill);
                // A tag may have been invalidated during the load; then the entry is invalid, and followers that
                // started after that must not have it.
                let is_valid = lease.stamps.iter().map(|stamp| Some(stamp.id)).eq(tag_ids);
                (is_valid, if is_valid { FillOutcome::Stored } else { FillOutcome::Refused })
            }
            Ok(Filled { stored: false, .. }) => {
                tracker.count(Count::RefusedFill);
                (false, FillOutcome::Refused)
            }
            Err(_) => (false, FillOutcome::Failed),
        }
    }

    /// Gives the lease back. Returns whether nothing was invalidated since it was taken.
    async fn give_back(&self, lease: LoadLease) -> bool {
        if !matches!(lease.held.release(&self.lookup).await, Ok(true)) {
            return false;
        }
        match self.live_ids().await {
            Ok(ids) => lease.stamps.iter().map(|stamp| Some(stamp.id)).eq(ids),
            Err(_) => false,
        }
    }

    /// The ids that the declared tags have now.
    async fn live_ids(&self) -> Result<Vec<Option<Token>>> {
        if self.lookup.tag_keys.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.lookup.call(&self.engine.store)?;
        Ok(call.read_many(&[], &self.lookup.tag_keys).await?.1)
    }

    fn draft(&self, lease: &LoadLease, loaded: &LoadResult, took: Duration) -> Option<Draft> {
        let (none, payload, ttl, stale, version) = match loaded {
            LoadResult::Value { payload, ttl, stale, version } => {
                (false, payload.clone(), *ttl, *stale, *version)
            }
            LoadResult::None { ttl: Some(ttl) } => (true, Bytes::new(), *ttl, Duration::ZERO, None),
            LoadResult::None { ttl: None } | LoadResult::Unstored { .. } | LoadResult::Unshareable => {
                return None;
            }
        };
        let Lookup { region, policy, type_of, codec, .. } = &self.lookup;
        let value = NewValue { none, payload, type_of: *type_of, version, ttl, stale };
        let cost_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        Some(Draft { codec: *codec, cost_us, ..value.into_draft(region, policy, lease.stamps.clone()) })
    }

    /// Whether an invalidation of what was loaded waits to be delivered. The backend has not received it, so the fill
    /// cannot detect it, and a follower may have started after it.
    fn is_undelivered(&self) -> bool {
        let Lookup { key, tag_keys, region, .. } = &self.lookup;
        self.leader.is_some() && self.engine.retry_queue.covers(key, tag_keys, region.id)
    }

    fn count_load(&self) -> Duration {
        let took = clock::now().saturating_duration_since(self.began);
        self.lookup.region.tracker.count(Count::Load);
        self.lookup.region.tracker.time(Timed::Load, took);
        took
    }

    fn finish_flight(&mut self, result: FlightResult) {
        if let Some(leader) = self.leader.take() {
            leader.finish(result);
        }
        self.let_others_load();
    }

    /// Gives up the turn and the place.
    fn let_others_load(&mut self) {
        (self.turn, self.place) = (None, None);
    }
}

impl Drop for LoadGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lookup.region.tracker.count(Count::LoadError);
        }
        // Cancelled or panicked: the flight notifies its followers, and the lease is released, as they are dropped.
    }
}

fn result_of(loaded: &LoadResult) -> FlightResult {
    match loaded {
        LoadResult::Value { payload, .. } | LoadResult::Unstored { payload } => {
            FlightResult::Value(Shared { none: false, payload: payload.clone() })
        }
        LoadResult::None { .. } => FlightResult::Value(Shared { none: true, payload: Bytes::new() }),
        LoadResult::Unshareable => FlightResult::Alone,
    }
}

impl Reader<'_> {
    /// Waits for a place to load without a lease. Gives up when the caller's time is over, since a call must not fail
    /// for want of one, and takes none inside a load that has one, or that loads the same key.
    pub(super) async fn load_place(self) -> Option<LoadPlace> {
        if loading::holds_place() || self.is_loading() {
            return None;
        }
        let place =
            tokio::time::timeout(self.lookup.time_left(), self.engine.unleased.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).map(LoadPlace)
    }
}
