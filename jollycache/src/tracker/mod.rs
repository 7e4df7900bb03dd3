//! `ConsistencyTracker`: what the cache has done, counted by region.
//!
//! Counting never changes what the cache does; it takes no lock that anything else holds.

mod stats;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hdrhistogram::Histogram;

pub(crate) use stats::ratio;
pub use stats::{Latency, RegionStats, Stats};

/// The most regions that are counted by name; what comes later is counted under [`OTHER`].
const MAX_REGIONS: usize = 1_000;
const OTHER: &str = "other";
/// Latencies are kept from 1 µs to this, to two digits.
const LONGEST_LATENCY_US: u64 = 60_000_000;

/// The things that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Count {
    Hit,
    Miss,
    StaleRead,
    Load,
    LoadError,
    Fill,
    RefusedFill,
    LeaseWait,
    FlightJoin,
    EvictedKey,
    EvictedTag,
    EvictedPattern,
    Put,
    RefusedPut,
    BackendError,
    Bypass,
    UnreadableEntry,
    RejectedValue,
}

const COUNTS: usize = Count::RejectedValue as usize + 1;

/// What a latency is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Timed {
    Hit,
    Miss,
    Load,
}

const TIMED: usize = Timed::Load as usize + 1;

/// The counters of one region.
#[derive(Debug)]
pub(crate) struct RegionTracker {
    counts: [AtomicU64; COUNTS],
    latencies: [Mutex<Option<Histogram<u64>>>; TIMED],
}

impl Default for RegionTracker {
    fn default() -> Self {
        RegionTracker { counts: std::array::from_fn(|_| AtomicU64::new(0)), latencies: Default::default() }
    }
}

impl RegionTracker {
    pub(crate) fn count(&self, what: Count) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: Count, by: u64) {
        self.counts[what as usize].fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn time(&self, what: Timed, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, LONGEST_LATENCY_US);
        let mut histogram = self.latencies[what as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if histogram.is_none() {
            *histogram = Histogram::new_with_bounds(1, LONGEST_LATENCY_US, 2).ok();
        }
        if let Some(histogram) = histogram.as_mut() {
            histogram.saturating_record(us);
        }
    }

    fn histogram(&self, what: Timed) -> Option<Histogram<u64>> {
        self.latencies[what as usize].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The counters of all regions.
#[derive(Debug, Default)]
pub struct ConsistencyTracker {
    regions: RwLock<HashMap<Box<str>, Arc<RegionTracker>>>,
}

impl ConsistencyTracker {
    /// The counters of the region called `name`.
    pub(crate) fn region(&self, name: &str) -> Arc<RegionTracker> {
        let known = self.regions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| self.add_region(name))
    }

    fn add_region(&self, name: &str) -> Arc<RegionTracker> {
        let mut regions = self.regions.write().unwrap_or_else(PoisonError::into_inner);
        let name = if regions.len() < MAX_REGIONS || regions.contains_key(name) { name } else { OTHER };
        regions.entry(name.into()).or_default().clone()
    }

    /// The counters as they are now.
    pub fn stats(&self) -> Stats {
        let regions = self.regions.read().unwrap_or_else(PoisonError::into_inner);
        Stats::of(regions.iter().map(|(name, tracker)| (&**name, &**tracker)))
    }
}
