//! `Stats`: the counters at one moment, with what is computed from them.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Aged, Count, RegionTracker, Timed};

/// The counters of a cache at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Stats {
    /// All regions together.
    pub total: RegionStats,
    /// Each region by name.
    pub regions: BTreeMap<String, RegionStats>,
    /// Invalidations that wait to be delivered to the backend.
    pub pending_invalidations: usize,
    /// Invalidations told to those who listen.
    pub events_sent: u64,
    /// Invalidations that could not be told.
    pub events_lost: u64,
    /// Loads of this process under way whose value is not stored yet, one a key.
    pub loading: usize,
    /// Callers that wait for a load of this process.
    pub waiting: usize,
    /// Whether the circuit breaker lets calls through.
    pub connected: bool,
}

/// The counters of one region, since the start of the process.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct RegionStats {
    /// Reads answered by a fresh value.
    pub hits: u64,
    /// Reads that found no value they could use.
    pub misses: u64,
    /// Reads answered by a stale value, inside its stale window.
    pub stale_reads: u64,
    /// Loads run.
    pub loads: u64,
    /// Loads that failed or panicked.
    pub load_errors: u64,
    /// Loaded values stored.
    pub fills: u64,
    /// Loaded values not stored, because an invalidation or a writer came in between.
    pub refused_fills: u64,
    /// Waits for another process's load.
    pub lease_waits: u64,
    /// Reads that waited for a load of this process.
    pub flight_joins: u64,
    /// Invalidations of single keys.
    pub evicted_keys: u64,
    /// Invalidations of tags.
    pub evicted_tags: u64,
    /// Invalidations by pattern, or of a whole region.
    pub evicted_patterns: u64,
    /// Written values stored.
    pub puts: u64,
    /// Written values not stored, because another writer came in between.
    pub refused_puts: u64,
    /// Operations that the backend failed, or did not answer in time.
    pub backend_errors: u64,
    /// Calls that went past the cache: the backend was unreachable, an invalidation was pending, or the caller
    /// asked for it.
    pub bypasses: u64,
    /// Entries found that were of another type or format; they were loaded anew.
    pub unreadable_entries: u64,
    /// Values that could not be stored: too large, not encodable, or of too many tags.
    pub rejected_values: u64,
    /// Values that were not stored because they would have come back as other ones: NaN in JSON, for example.
    pub lossy_values: u64,
    /// Writes that took longer than their intent, so that it may have ended before they did: nothing was put, but a
    /// read in between may have stored the old value for a moment.
    pub expired_intents: u64,
    /// Entries that an audit compared with their source.
    pub audited: u64,
    /// Entries that an audit could not compare: of another type, or of a key too long to be read back.
    pub audit_skipped: u64,
    /// Loads for an audit that failed.
    pub audit_load_errors: u64,
    /// Audited entries that differed from their source.
    pub consistency_errors: u64,
    /// Those of them that an audit replaced or evicted.
    pub repairs: u64,
    /// Hits and stale reads per read, from 0 to 1; 0 before the first read.
    pub hit_rate: f64,
    /// From 0 to 100: the share of reads and writes without an error of the backend, times the share of audited entries
    /// that were like their source. 100 before the first of each.
    pub consistency_score: f64,
    /// Latency of a hit.
    pub hit_latency: Latency,
    /// Latency of a miss, with its load.
    pub miss_latency: Latency,
    /// Latency of the load alone.
    pub load_latency: Latency,
    /// How far past their `ttl` the values of stale reads were.
    pub stale_age: Age,
    /// How long ago the values that differed from their source had been stored.
    pub difference_age: Age,
}

/// Percentiles in milliseconds; zero before the first observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Age {
    /// How many were observed.
    pub count: u64,
    /// The median.
    pub p50_ms: u64,
    /// 95 of 100 were at most this.
    pub p95_ms: u64,
    /// 99 of 100 were at most this.
    pub p99_ms: u64,
    /// All were at most this.
    pub max_ms: u64,
}

/// Percentiles in microseconds; zero before the first observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Latency {
    /// How many were observed.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// 95 of 100 were at most this.
    pub p95_us: u64,
    /// 99 of 100 were at most this.
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
        // Those of one kind have the same bounds, so adding cannot fail.
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
