//! `ConsistencyTracker`: the counters of a cache, by region.
//!
//! Counting does not change what the cache does, and its locks are held for no other work.

mod report;
mod stats;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::clock::{Millis, as_millis};
use crate::entry::Entry;
use crate::error::ErrorKind;

pub use report::{AuditFindings, AuditReport};
pub(crate) use stats::ratio;
pub use stats::{Age, Latency, RegionStats, Stats};

/// Maximum number of regions that are counted by name; later ones are counted as [`OTHER`].
const MAX_REGIONS: usize = 1_000;
const OTHER: &str = "other";
/// The upper bound of latencies, which are recorded from 1 µs, to two significant digits.
const LONGEST_LATENCY_US: u64 = 60_000_000;
/// The upper bound of ages, which are recorded from 1 ms, to two significant digits.
const LONGEST_AGE_MS: u64 = 365 * 24 * 60 * 60 * 1_000;

/// A counter of a region.
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
    LossyValue,
    ExpiredIntent,
    Audited,
    AuditSkipped,
    AuditLoadError,
    Difference,
    AuditRepair,
}

pub(crate) const COUNTS: usize = Count::AuditRepair as usize + 1;

/// A latency histogram of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Timed {
    Hit,
    Miss,
    Load,
}

/// An age histogram of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Aged {
    StaleRead,
    Difference,
}

const AGED: usize = Aged::Difference as usize + 1;

const TIMED: usize = Timed::Load as usize + 1;

/// The counters of one region.
#[derive(Debug)]
pub(crate) struct RegionTracker {
    counts: [AtomicU64; COUNTS],
    latencies: [Mutex<Option<Histogram<u64>>>; TIMED],
    ages: [Mutex<Option<Histogram<u64>>>; AGED],
    /// The reasons for values that could not be stored that have been logged.
    logged: Mutex<HashSet<ErrorKind>>,
}

impl Default for RegionTracker {
    fn default() -> Self {
        RegionTracker {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            latencies: Default::default(),
            ages: Default::default(),
            logged: Mutex::default(),
        }
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

    /// Counts a value that cannot be stored. Returns whether it is the first one for that reason: only that is logged,
    /// because a call site with one such value usually has many.
    pub(crate) fn rejected(&self, why: ErrorKind) -> bool {
        self.count(if why == ErrorKind::Lossy { Count::LossyValue } else { Count::RejectedValue });
        self.logged.lock().unwrap_or_else(PoisonError::into_inner).insert(why)
    }

    /// Counts a read that is served `entry` at `now`. Returns whether the entry is fresh.
    pub(crate) fn served(&self, entry: &Entry, now: Millis) -> bool {
        let fresh = entry.is_fresh(now);
        if fresh {
            self.count(Count::Hit);
        } else {
            self.count(Count::StaleRead);
            self.age(Aged::StaleRead, Duration::from_millis(now - entry.fresh_until));
        }
        fresh
    }

    pub(crate) fn time(&self, what: Timed, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        record(&self.latencies[what as usize], us, LONGEST_LATENCY_US);
    }

    pub(crate) fn age(&self, what: Aged, age: Duration) {
        record(&self.ages[what as usize], as_millis(age), LONGEST_AGE_MS);
    }

    pub(crate) fn latency(&self, what: Timed) -> Option<Histogram<u64>> {
        copy(&self.latencies[what as usize])
    }

    pub(crate) fn ages(&self, what: Aged) -> Option<Histogram<u64>> {
        copy(&self.ages[what as usize])
    }
}

fn record(histogram: &Mutex<Option<Histogram<u64>>>, value: u64, most: u64) {
    let mut histogram = histogram.lock().unwrap_or_else(PoisonError::into_inner);
    if histogram.is_none() {
        *histogram = Histogram::new_with_bounds(1, most, 2).ok();
    }
    if let Some(histogram) = histogram.as_mut() {
        histogram.saturating_record(value.clamp(1, most));
    }
}

fn copy(histogram: &Mutex<Option<Histogram<u64>>>) -> Option<Histogram<u64>> {
    histogram.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The counters of all regions of a cache.
///
/// A cache has one of its own; [`Cache::stats`](crate::Cache::stats) returns a copy of its counters.
///
/// ```
/// use jollycache::{Cache, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// cache.get::<String>("product:42").await?;
/// assert_eq!(cache.stats().total.misses, 1);
/// # Ok(())
/// # }
/// ```
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

    /// The counters of each region.
    #[cfg(feature = "metrics")]
    pub(crate) fn regions(&self) -> Vec<(Box<str>, Arc<RegionTracker>)> {
        let regions = self.regions.read().unwrap_or_else(PoisonError::into_inner);
        regions.iter().map(|(name, tracker)| (name.clone(), tracker.clone())).collect()
    }

    /// The latencies of each region's reads, hits and misses together, in microseconds since the start.
    #[cfg(feature = "admin")]
    pub(crate) fn read_latencies(&self) -> Vec<(Box<str>, Histogram<u64>)> {
        let regions = self.regions.read().unwrap_or_else(PoisonError::into_inner);
        let reads = regions.iter().filter_map(|(name, tracker)| {
            let mut merged = None;
            stats::merge(&mut merged, tracker.latency(Timed::Hit));
            stats::merge(&mut merged, tracker.latency(Timed::Miss));
            merged.map(|merged| (name.clone(), merged))
        });
        reads.collect()
    }

    /// A copy of the counters. The fields of [`Stats`] about the cache as a whole, such as `connected`, have their defaults.
    pub fn stats(&self) -> Stats {
        let regions = self.regions.read().unwrap_or_else(PoisonError::into_inner);
        Stats::of(regions.iter().map(|(name, tracker)| (&**name, &**tracker)))
    }
}
