//! The engine: bytes in, bytes out. It joins the protocol, the flights, the breaker and the repair queue; it knows
//! no user type. `cache/` and `private/` are the typed shells around it.

mod audit;
mod breaker;
mod delivery;
mod eviction;
mod flight;
#[cfg(test)]
mod flight_schedules;
#[cfg(test)]
mod flight_tests;
mod guard;
mod lease;
mod lifetime;
mod load;
mod loading;
mod lock;
mod outbox;
mod overwrite;
mod progress;
mod region;
mod repair;
mod sync;
mod ticket;
mod update;
mod warnings;
mod worker;
mod write;
mod write_scope;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use self::audit::{Auditor, Sourced};
#[cfg(any(feature = "admin", feature = "metrics"))]
pub(crate) use self::breaker::BreakerState;
pub(crate) use self::eviction::{Eviction, Target};
pub(crate) use self::load::{Ask, Found, Lookup, TypeOf};
pub(crate) use self::lock::{Claim, Held};
pub(crate) use self::overwrite::Overwrite;
pub(crate) use self::region::Region;
pub(crate) use self::ticket::{Grant, Kept, Ticket, ToStore};
pub(crate) use self::write::{Announced, Put, ToPut, Write};

use self::audit::Auditors;
use self::breaker::Breaker;
use self::flight::Flights;
use self::outbox::Outbox;
use self::region::Regions;
use self::repair::Repair;
use self::warnings::Warnings;
use self::worker::Worker;
use crate::backend::Backend;
use crate::event::Origin;
use crate::key::{Namespace, Pattern};
use crate::policy::{Policy, Resolved};
use crate::tracker::{ConsistencyTracker, Stats};

/// Bounds that hold for a whole cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Loads without a lease that run at once; the others wait for a place.
    pub(crate) unleased_loads: usize,
    /// The largest payload that is stored, in bytes.
    pub(crate) value_bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) namespace: Namespace,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) limits: Limits,
    pub(crate) tracker: Arc<ConsistencyTracker>,
    pub(crate) origin: Origin,
    regions: Regions,
    breaker: Breaker,
    flights: Flights,
    repair: Repair,
    unleased: Arc<Semaphore>,
    worker: Worker,
    /// Where a cache that tells its invalidations leaves them.
    outbox: Option<Outbox>,
    auditors: Auditors,
    pub(crate) warnings: Warnings,
}

impl Engine {
    pub(crate) fn new(
        namespace: Namespace,
        backend: Arc<dyn Backend>,
        limits: Limits,
        default_policy: Policy,
        overrides: Vec<(String, Policy)>,
        tells: bool,
    ) -> Arc<Self> {
        let tracker = Arc::new(ConsistencyTracker::default());
        let outbox = tells.then(|| Outbox::new(backend.clone(), namespace.event_channel()));
        let worker = Worker::new(Resolved::of(&[&default_policy]).timeout);
        let engine = Arc::new(Engine {
            repair: Repair::new(&namespace.pattern(&Pattern::all())),
            namespace,
            backend,
            limits,
            regions: Regions::new(tracker.clone(), default_policy, overrides),
            tracker,
            breaker: Breaker::default(),
            flights: Flights::default(),
            unleased: Arc::new(Semaphore::new(limits.unleased_loads)),
            worker,
            origin: Origin::random(),
            outbox,
            auditors: Auditors::default(),
            warnings: Warnings::default(),
        });
        engine.worker.start(&engine);
        engine
    }

    pub(crate) fn region(&self, name: &str) -> Arc<Region> {
        self.regions.get(name)
    }

    /// The regions that have been seen, by name.
    #[cfg(feature = "admin")]
    pub(crate) fn regions(&self) -> Vec<Arc<Region>> {
        self.regions.all()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.breaker.allows()
    }

    /// What the circuit breaker is doing.
    #[cfg(any(feature = "admin", feature = "metrics"))]
    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker.state()
    }

    /// How many invalidations wait to be delivered.
    pub(crate) fn pending_invalidations(&self) -> usize {
        self.repair.len()
    }

    /// How many callers wait for a load of this process.
    pub(crate) fn waiting(&self) -> usize {
        self.flights.followers()
    }

    /// How many events were sent, and how many were lost.
    pub(crate) fn event_counts(&self) -> (u64, u64) {
        self.outbox.as_ref().map_or((0, 0), Outbox::counts)
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.tracker.stats();
        stats.pending_invalidations = self.pending_invalidations();
        (stats.loading, stats.waiting) = (self.flights.count(), self.waiting());
        stats.connected = self.is_connected();
        (stats.events_sent, stats.events_lost) = self.event_counts();
        stats
    }
}
