//! Invalidations, which are never lost silently: what cannot be delivered is queued.

use std::sync::Arc;
use std::time::Duration;

use super::delivery::{Delivery, Initiator};
use crate::backend::Capability;
use crate::call_report::{self, CallOutcome, Operation, Outcome};
use crate::clock;
use crate::engine::Engine;
use crate::engine::retry_queue::Pending;
use crate::error::{Error, Result};
use crate::key::{Key, Pattern, StoredKey, Tag};
use crate::policy::Resolved;
use crate::region::Region;
use crate::tracker::Count;

/// What an eviction names.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Key(Key),
    Tag(Tag),
    Pattern(Pattern),
    /// Everything in the region.
    Region,
}

/// A set of targets that are evicted together. Dropped before it is delivered, it is queued.
#[derive(Debug)]
pub(crate) struct Eviction {
    engine: Arc<Engine>,
    region: Arc<Region>,
    timeout: Duration,
    grace: Duration,
    pending: Vec<Pending>,
}

/// Queues what could not be delivered, to be bypassed until it is. The grace begins with the delivery.
pub(in crate::engine) fn queue(
    engine: &Arc<Engine>,
    region: &Region,
    pending: Vec<Pending>,
    grace: Duration,
) {
    if engine.retry_queue.push(pending, grace) {
        tracing::error!(
            region = %region.name,
            namespace = engine.namespace().as_str(),
            "the queue of undelivered invalidations is full: the whole namespace is bypassed by this process, and \
             will be invalidated when the backend takes it"
        );
    }
    engine.ensure_worker();
    engine.worker.wake();
}

impl Eviction {
    pub(in crate::engine) fn new(engine: &Arc<Engine>, region: &Arc<Region>, policy: &Resolved) -> Self {
        Eviction {
            engine: engine.clone(),
            region: region.clone(),
            timeout: policy.timeout,
            grace: policy.grace,
            pending: Vec::new(),
        }
    }

    /// An eviction of one key that is held ready, in case it turns out to be needed; it counts as none.
    pub(in crate::engine) fn of_key(
        engine: &Arc<Engine>,
        region: &Arc<Region>,
        policy: &Resolved,
        key: StoredKey,
    ) -> Self {
        let mut eviction = Eviction::new(engine, region, policy);
        eviction.pending.push(Pending::Key(key));
        eviction
    }

    pub(crate) fn add(&mut self, target: Target) {
        let namespace = self.engine.namespace();
        let tracker = &self.region.tracker;
        let pending = match target {
            Target::Key(key) => {
                tracker.count(Count::EvictedKey);
                Pending::Key(namespace.key(&key))
            }
            Target::Tag(tag) => {
                tracker.count(Count::EvictedTag);
                Pending::Tag(namespace.tag(&tag))
            }
            Target::Pattern(pattern) => {
                tracker.count(Count::EvictedPattern);
                Pending::Matching(namespace.pattern(&pattern).into())
            }
            Target::Region => {
                tracker.count(Count::EvictedPattern);
                Pending::Region(self.region.id)
            }
        };
        self.pending.push(pending);
    }

    pub(crate) fn extend(&mut self, targets: impl IntoIterator<Item = Target>) {
        for target in targets {
            self.add(target);
        }
    }

    /// Invalidates. Returns how many keys held a value.
    ///
    /// On an error everything is queued, is bypassed by this process until it is delivered, and the error is
    /// returned.
    ///
    /// # Cancel safety
    /// If the future is dropped midway, everything is queued as well, because any part of it may have happened.
    pub(crate) async fn run(self) -> Result<u64> {
        let (region, started) = (self.region.clone(), clock::now());
        let names_any = !self.pending.is_empty();
        let result = self.run_unreported().await;
        let outcome = Outcome::of_eviction(names_any, result.is_ok());
        call_report::report(&region, Operation::Evict, started, CallOutcome::of(outcome));
        result
    }

    /// As [`Eviction::run`], as a part of a call that reports itself.
    pub(in crate::engine) async fn run_unreported(mut self) -> Result<u64> {
        let started = clock::now();
        let supported = self.remove_unsupported();
        let result = self.deliver().await;
        match &result {
            Ok(held) => {
                tracing::debug!(
                    target: "jollycache",
                    region = %self.region.name,
                    targets = ?self.pending,
                    held,
                    duration_us = clock::micros_since(started),
                    "cache evict"
                );
                self.engine.publish(Some(&self.region), &self.pending);
                self.pending.clear();
            }
            Err(error) => self.warn_of(error, "an invalidation could not be delivered and is queued"),
        }
        // What is still pending is queued by `drop`.
        supported.and(result)
    }

    /// Removes the targets that need a scan, if the backend has none: a queued one would never be delivered, and what it
    /// matches would be bypassed for ever. The others are delivered all the same.
    fn remove_unsupported(&mut self) -> Result<()> {
        let needs_scan = |target: &Pending| matches!(target, Pending::Matching(_) | Pending::Region(_));
        if !self.pending.iter().any(needs_scan) {
            return Ok(());
        }
        let supported = self.engine.store.require(Capability::Keyspace, "an eviction by pattern or region");
        if let Err(error) = &supported {
            self.pending.retain(|target| !needs_scan(target));
            self.warn_of(error, "an eviction was refused");
        }
        supported
    }

    fn warn_of(&self, error: &Error, outcome: &'static str) {
        let what = format!("{outcome}: {error}");
        if let Some(suppressed) = self.engine.store.warnings.admit(&self.region.name, &what, clock::now()) {
            tracing::warn!(
                region = %self.region.name,
                count = self.pending.len(),
                suppressed,
                error = error as &dyn std::error::Error,
                "{outcome}"
            );
        }
    }

    /// Evicts nothing after all.
    pub(crate) fn cancel(mut self) {
        self.pending.clear();
    }

    async fn deliver(&self) -> Result<u64> {
        let initiator = Initiator::Call { region: &self.region, timeout: self.timeout };
        let targets = self.pending.iter().map(|pending| (pending, self.grace));
        Delivery::new(&self.engine, initiator).run(targets).await
    }
}

impl Drop for Eviction {
    fn drop(&mut self) {
        // Also of an eviction that never ran, only what can be delivered is queued. A refusal is logged there.
        let _ = self.remove_unsupported();
        if !self.pending.is_empty() {
            queue(&self.engine, &self.region, std::mem::take(&mut self.pending), self.grace);
        }
    }
}
