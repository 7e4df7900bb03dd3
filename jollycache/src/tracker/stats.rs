//! `Stats`: a copy of the counters, with derived values.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Aged, Count, RegionTracker, Timed};

/// The counters of a cache at one moment. [`Cache::stats`](crate::Cache::stats) returns them.
///
/// ```
/// use jollycache::{Cache, MemoryBackend, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// cache.put("product:42", &42, &Policy::new().region("product")).await?;
/// let stats = cache.stats();
/// assert_eq!((stats.total.puts, stats.regions["product"].puts), (1, 1));
/// assert!(stats.connected);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(description = "The counters of a cache at one moment."))]
#[non_exhaustive]
pub struct Stats {
    /// The sum of all regions.
    pub total: RegionStats,
    /// Each region by name.
    pub regions: BTreeMap<String, RegionStats>,
    /// Invalidations in the queue for delivery to the backend.
    pub pending_invalidations: usize,
    /// Events of invalidations that were published.
    pub events_sent: u64,
    /// Events of invalidations that could not be published.
    pub events_lost: u64,
    /// Loads in progress in this process, until their value is stored; one for each key.
    pub loading: usize,
    /// Callers that wait for a load of this process.
    pub waiting: usize,
    /// Whether calls use the backend, as [`Cache::is_connected`](crate::Cache::is_connected).
    pub connected: bool,
}

/// The counters of one region, since the start of the process.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct RegionStats {
    /// Reads that were served a fresh value.
    pub hits: u64,
    /// Reads without a usable value.
    pub misses: u64,
    /// Reads that were served a stale value, inside its stale window.
    pub stale_reads: u64,
    /// Loads.
    pub loads: u64,
    /// Loads that failed or panicked.
    pub load_errors: u64,
    /// Loaded values that were stored.
    pub fills: u64,
    /// Loaded values that were not stored, because of an invalidation or a writer in between.
    pub refused_fills: u64,
    /// Waits for a load of another process.
    pub lease_waits: u64,
    /// Reads that waited for a load of this process.
    pub flight_joins: u64,
    /// Invalidations of single keys.
    pub evicted_keys: u64,
    /// Invalidations of tags.
    pub evicted_tags: u64,
    /// Invalidations by pattern, or of a whole region.
    pub evicted_patterns: u64,
    /// Written values that were stored.
    pub puts: u64,
    /// Written values that were not stored, because of another writer in between.
    pub refused_puts: u64,
    /// Operations of the backend that failed or timed out.
    pub backend_errors: u64,
    /// Calls that bypassed the cache: the backend was unreachable, an invalidation was pending, or the caller requested
    /// it.
    pub bypasses: u64,
    /// Entries of another type or format, which were loaded again.
    pub unreadable_entries: u64,
    /// Values that could not be stored: too large, not encodable, or with too many tags.
    pub rejected_values: u64,
    /// Values that were not stored because decoding would have changed them: NaN in JSON, for example.
    pub lossy_values: u64,
    /// Writes that took longer than the lifetime of their intent: no value was put, but a read in between may have stored
    /// the old value for a moment.
    pub expired_intents: u64,
    /// Entries that an audit compared with their source.
    pub audited: u64,
    /// Entries that an audit could not compare: of another type, or with a truncated key.
    pub audit_skipped: u64,
    /// Loads of an audit that failed.
    pub audit_load_errors: u64,
    /// Audited entries that differed from their source.
    pub consistency_errors: u64,
    /// Differing entries that an audit replaced or evicted.
    pub repairs: u64,
    /// The share of reads that were served a fresh or stale value, from 0 to 1; 0 before the first read.
    pub hit_rate: f64,
    /// From 0 to 100: the share of reads and writes without an error of the backend, times the share of audited entries
    /// that equal their source. 100 before the first of each.
    pub consistency_score: f64,
    /// Latency of a hit.
    pub hit_latency: Latency,
    /// Latency of a miss, including its load.
    pub miss_latency: Latency,
    /// Latency of the load alone.
    pub load_latency: Latency,
    /// The time since the `ttl` of the values of stale reads.
    pub stale_age: Age,
    /// The age of the values that differed from their source.
    pub difference_age: Age,
}

/// Percentiles in milliseconds; zero before the first observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Age {
    /// The number of observations.
    pub count: u64,
    /// The median.
    pub p50_ms: u64,
    /// The 95th percentile.
    pub p95_ms: u64,
    /// The 99th percentile.
    pub p99_ms: u64,
    /// The maximum.
    pub max_ms: u64,
}

/// Percentiles in microseconds; zero before the first observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Latency {
    /// The number of observations.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// The 95th percentile.
    pub p95_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
}

/// Latencies of hits, misses and loads; ages of stale reads and of differences.
type Histograms = [Option<Histogram<u64>>; 5];

impl Stats {
    pub(super) fn of<'t>(trackers: impl Iterator<Item = (&'t str, &'t RegionTracker)>) -> Self {
        let mut total = RegionStats::default();
        let mut merged: Histograms = Default::default();
        let mut regions = BTreeMap::new();
        for (name, tracker) in trackers {
            let histograms = [
                tracker.latency(Timed::Hit),
                tracker.latency(Timed::Miss),
                tracker.latency(Timed::Load),
                tracker.ages(Aged::StaleRead),
                tracker.ages(Aged::Difference),
            ];
            let mut region = RegionStats::counted(tracker);
            region.derive(&histograms);
            total.add(&region);
            for (all, one) in merged.iter_mut().zip(histograms) {
                merge(all, one);
            }
            regions.insert(name.to_owned(), region);
        }
        total.derive(&merged);
        Stats { total, regions, ..Stats::default() }
    }
}

pub(super) fn merge(all: &mut Option<Histogram<u64>>, one: Option<Histogram<u64>>) {
    match (all.as_mut(), one) {
        // Histograms of one kind have the same bounds, so adding cannot fail.
        (Some(all), Some(one)) => drop(all.add(one)),
        (None, Some(one)) => *all = Some(one),
        (_, None) => {}
    }
}

/// Applies a macro to each plain counter and the [`Count`] it comes from.
macro_rules! for_each_counter {
    ($apply:ident) => {
        $apply! {
            hits: Hit, misses: Miss, stale_reads: StaleRead, loads: Load, load_errors: LoadError, fills: Fill,
            refused_fills: RefusedFill, lease_waits: LeaseWait, flight_joins: FlightJoin,
            evicted_keys: EvictedKey, evicted_tags: EvictedTag, evicted_patterns: EvictedPattern,
            puts: Put, refused_puts: RefusedPut, backend_errors: BackendError, bypasses: Bypass,
            unreadable_entries: UnreadableEntry, rejected_values: RejectedValue, lossy_values: LossyValue,
            expired_intents: ExpiredIntent, audited: Audited, audit_skipped: AuditSkipped,
            audit_load_errors: AuditLoadError, consistency_errors: Difference, repairs: AuditRepair
        }
    };
}

impl RegionStats {
    fn counted(tracker: &RegionTracker) -> Self {
        macro_rules! read {
            ($($field:ident: $count:ident),*) => {
                RegionStats { $($field: tracker.get(Count::$count),)* ..RegionStats::default() }
            };
        }
        for_each_counter!(read)
    }

    fn add(&mut self, other: &RegionStats) {
        macro_rules! sum {
            ($($field:ident: $count:ident),*) => {
                $(self.$field += other.$field;)*
            };
        }
        for_each_counter!(sum);
    }

    fn derive(&mut self, [hit, miss, load, stale, difference]: &Histograms) {
        let served = self.hits + self.stale_reads;
        let reads = served + self.misses;
        let writes =
            self.evicted_keys + self.evicted_tags + self.evicted_patterns + self.puts + self.refused_puts;
        self.hit_rate = ratio(served, reads);
        let served_well = 1.0 - ratio(self.backend_errors, reads + writes).min(1.0);
        let found_well = 1.0 - ratio(self.consistency_errors, self.audited);
        self.consistency_score = 100.0 * served_well * found_well;
        self.hit_latency = Latency::of(hit.as_ref());
        self.miss_latency = Latency::of(miss.as_ref());
        self.load_latency = Latency::of(load.as_ref());
        self.stale_age = Age::of(stale.as_ref());
        self.difference_age = Age::of(difference.as_ref());
    }
}

impl Latency {
    fn of(histogram: Option<&Histogram<u64>>) -> Self {
        histogram.map_or_else(Latency::default, |histogram| Latency {
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.50),
            p95_us: histogram.value_at_quantile(0.95),
            p99_us: histogram.value_at_quantile(0.99),
        })
    }
}

impl Age {
    fn of(histogram: Option<&Histogram<u64>>) -> Self {
        histogram.map_or_else(Age::default, |histogram| Age {
            count: histogram.len(),
            p50_ms: histogram.value_at_quantile(0.50),
            p95_ms: histogram.value_at_quantile(0.95),
            p99_ms: histogram.value_at_quantile(0.99),
            max_ms: histogram.max(),
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
