//! The engine: what a cache does with keys, policies and bytes. A folder or file is one subject, with a type of
//! its own; [`Engine`] has the state they share, and the doors to them. It knows no user type: `cache/` and `__private/`
//! are the typed shells around it.

mod audit;
mod draft;
mod flight;
mod invalidate;
mod lifetime;
mod lock;
mod outbox;
mod read;
mod retry_queue;
mod worker;
mod write;
mod write_scope;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub(crate) use self::audit::{Auditor, Sourced};
pub(crate) use self::draft::{NewValue, TypeOf};
pub(crate) use self::invalidate::{Eviction, Target};
pub(crate) use self::lock::{HeldLock, LockClaim};
pub(crate) use self::read::{
    FillOutcome, Found, LoadGuard, LoadPermission, LoadResult, Loading, Lookup, LookupSpec,
};
pub(crate) use self::write::{Overwrite, Put, Write, WriteIntent};

use self::audit::Auditors;
use self::flight::Flights;
use self::lifetime::Lifetimes;
use self::outbox::Outbox;
use self::read::{BatchReader, Reader};
use self::retry_queue::{Pending, RetryQueue};
use self::worker::{Turn, Worker};
use crate::backend::Backend;
use crate::error::Result;
use crate::event::Origin;
use crate::key::{Namespace, Pattern};
use crate::policy::{Policy, Resolved};
use crate::region::{Region, Regions};
use crate::store::{Call, Store};
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
    pub(crate) store: Arc<Store>,
    pub(crate) limits: Limits,
    pub(crate) tracker: Arc<ConsistencyTracker>,
    pub(crate) origin: Origin,
    regions: Regions,
    flights: Flights,
    retry_queue: RetryQueue,
    unleased: Arc<Semaphore>,
    worker: Arc<Worker>,
    /// The events to be sent, in a cache that publishes its invalidations.
    outbox: Option<Outbox>,
    pub(crate) auditors: Auditors,
}

impl Engine {
    pub(crate) fn new(
        namespace: Namespace,
        backend: Arc<dyn Backend>,
        limits: Limits,
        default_policy: Policy,
        overrides: Vec<(String, Policy)>,
        publishes_events: bool,
    ) -> Arc<Self> {
        let tracker = Arc::new(ConsistencyTracker::default());
        let worker = Arc::new(Worker::new(Resolved::of(&[&default_policy]).timeout));
        let retry_queue = RetryQueue::new(&namespace.pattern(&Pattern::all()));
        let store = Arc::new(Store::new(backend, namespace, wake(&worker)));
        let engine = Arc::new(Engine {
            outbox: publishes_events.then(|| Outbox::new(store.clone())),
            store,
            limits,
            regions: Regions::new(tracker.clone(), default_policy, overrides),
            tracker,
            flights: Flights::default(),
            retry_queue,
            unleased: Arc::new(Semaphore::new(limits.unleased_loads)),
            worker,
            origin: Origin::random(),
            auditors: Auditors::default(),
        });
        engine.worker.start(&engine);
        engine
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.store.namespace
    }

    pub(crate) fn region(&self, name: &str) -> Arc<Region> {
        self.regions.get(name)
    }

    /// The region of calls that name none.
    pub(crate) fn default_region(&self) -> &Arc<Region> {
        self.regions.default_region()
    }

    /// The regions that have been observed, by name.
    #[cfg(feature = "admin")]
    pub(crate) fn regions(&self) -> Vec<Arc<Region>> {
        self.regions.all()
    }

    /// The read that `lookup` describes.
    pub(crate) fn read<'a>(self: &'a Arc<Self>, lookup: &'a Lookup) -> Reader<'a> {
        Reader::new(self, lookup)
    }

    /// The reads that `lookups` describe, of one region and policy.
    pub(crate) fn read_many<'a>(self: &'a Arc<Self>, lookups: &'a [&'a Lookup]) -> BatchReader<'a> {
        BatchReader::new(self, lookups)
    }

    /// An eviction of nothing yet, in `region`.
    pub(crate) fn eviction(self: &Arc<Self>, region: &Arc<Region>, policy: &Resolved) -> Eviction {
        Eviction::new(self, region, policy)
    }

    /// Changes of lifetimes, on behalf of a call in `region`.
    pub(crate) fn lifetimes<'a>(&'a self, region: &'a Region, timeout: Duration) -> Lifetimes<'a> {
        Lifetimes { store: &self.store, region, timeout }
    }

    /// Makes sure that the worker runs; a cache that was built outside a runtime starts it at its first miss.
    pub(crate) fn ensure_worker(self: &Arc<Self>) {
        self.worker.start(self);
    }

    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(crate) async fn flush_retry_queue(&self) -> bool {
        Turn::new(self).deliver_queued().await
    }

    /// Whether this cache publishes its invalidations as events.
    pub(crate) fn publishes_events(&self) -> bool {
        self.outbox.is_some()
    }

    /// Queues the event of delivered invalidations, if this cache publishes any.
    fn publish<'p>(&self, region: Option<&Region>, delivered: impl IntoIterator<Item = &'p Pending>) {
        if let Some(outbox) = &self.outbox {
            outbox.publish(self.origin, region, delivered);
        }
    }

    /// Sends the events that wait.
    pub(crate) async fn flush_events(&self) {
        if let Some(outbox) = &self.outbox {
            outbox.flush().await;
        }
    }

    /// A call of the store that names no region, bound to the default region's timeout.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub(crate) fn call(&self) -> Result<Call<'_>> {
        self.call_within(self.default_region().resolve_default().timeout)
    }

    /// As [`Engine::call`], bound to `timeout`.
    pub(crate) fn call_within(&self, timeout: Duration) -> Result<Call<'_>> {
        self.store.call(self.default_region(), timeout)
    }

    /// How many invalidations wait to be delivered.
    pub(crate) fn pending_invalidations(&self) -> usize {
        self.retry_queue.len()
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
        stats.connected = self.store.is_connected();
        (stats.events_sent, stats.events_lost) = self.event_counts();
        stats
    }
}

/// Wakes `worker` as long as its cache is there. The store may outlive that.
fn wake(worker: &Arc<Worker>) -> impl Fn() + Send + Sync + 'static {
    let worker = Arc::downgrade(worker);
    move || {
        if let Some(worker) = worker.upgrade() {
            worker.wake();
        }
    }
}
