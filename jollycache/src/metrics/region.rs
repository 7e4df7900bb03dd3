//! `Published`: the counters and latencies of a region since the last publication.

use std::time::Duration;

use hdrhistogram::Histogram;
use metrics::{Label, SharedString};

use crate::tracker::{Aged, COUNTS, Count, RegionTracker, Timed};

/// The label besides the region, for metrics that have several series of one name.
type Own = Option<(&'static str, &'static str)>;

const COUNTERS: [(Count, &str, Own); COUNTS] = [
    (Count::Hit, "jollycache_reads_total", Some(("outcome", "hit"))),
    (Count::Miss, "jollycache_reads_total", Some(("outcome", "miss"))),
    (Count::StaleRead, "jollycache_reads_total", Some(("outcome", "stale"))),
    (Count::Load, "jollycache_loads_total", None),
    (Count::LoadError, "jollycache_load_errors_total", None),
    (Count::Fill, "jollycache_fills_total", Some(("outcome", "stored"))),
    (Count::RefusedFill, "jollycache_fills_total", Some(("outcome", "refused"))),
    (Count::LeaseWait, "jollycache_lease_waits_total", None),
    (Count::FlightJoin, "jollycache_flight_joins_total", None),
    (Count::EvictedKey, "jollycache_evictions_total", Some(("target", "key"))),
    (Count::EvictedTag, "jollycache_evictions_total", Some(("target", "tag"))),
    (Count::EvictedPattern, "jollycache_evictions_total", Some(("target", "pattern"))),
    (Count::Put, "jollycache_puts_total", Some(("outcome", "stored"))),
    (Count::RefusedPut, "jollycache_puts_total", Some(("outcome", "refused"))),
    (Count::BackendError, "jollycache_backend_errors_total", None),
    (Count::Bypass, "jollycache_bypasses_total", None),
    (Count::UnreadableEntry, "jollycache_unreadable_entries_total", None),
    (Count::RejectedValue, "jollycache_rejected_values_total", None),
    (Count::LossyValue, "jollycache_lossy_values_total", None),
    (Count::ExpiredIntent, "jollycache_expired_intents_total", None),
    (Count::Audited, "jollycache_audits_total", Some(("outcome", "compared"))),
    (Count::AuditSkipped, "jollycache_audits_total", Some(("outcome", "skipped"))),
    (Count::AuditLoadError, "jollycache_audits_total", Some(("outcome", "load_failed"))),
    (Count::Difference, "jollycache_audit_differences_total", None),
    (Count::AuditRepair, "jollycache_audit_repairs_total", None),
];

/// The observations, name and label of each histogram.
const HISTOGRAMS: [(Observed, &str, Own); 5] = [
    (Observed::Latency(Timed::Hit), "jollycache_read_duration_seconds", Some(("outcome", "hit"))),
    (Observed::Latency(Timed::Miss), "jollycache_read_duration_seconds", Some(("outcome", "miss"))),
    (Observed::Latency(Timed::Load), "jollycache_load_duration_seconds", None),
    (Observed::Age(Aged::StaleRead), "jollycache_stale_age_seconds", None),
    (Observed::Age(Aged::Difference), "jollycache_difference_age_seconds", None),
];

#[derive(Debug, Clone, Copy)]
enum Observed {
    Latency(Timed),
    Age(Aged),
}

impl Observed {
    fn of(self, tracker: &RegionTracker) -> Option<Histogram<u64>> {
        match self {
            Observed::Latency(what) => tracker.latency(what),
            Observed::Age(what) => tracker.ages(what),
        }
    }

    fn duration(self, value: u64) -> Duration {
        match self {
            Observed::Latency(_) => Duration::from_micros(value),
            Observed::Age(_) => Duration::from_millis(value),
        }
    }
}

/// The last published values of a region.
#[derive(Debug, Default)]
pub(super) struct Published {
    counts: [u64; COUNTS],
    histograms: [Option<Histogram<u64>>; HISTOGRAMS.len()],
}

/// Values in seconds, each with the number of its observations.
pub(super) type Observations = Vec<(f64, usize)>;

/// The increases since the last publication.
#[derive(Debug)]
pub(super) struct Changes {
    counts: [u64; COUNTS],
    observations: [Observations; HISTOGRAMS.len()],
}

impl Published {
    /// Updates the values and returns the increases.
    pub(super) fn update(&mut self, tracker: &RegionTracker) -> Changes {
        let mut changes = Changes { counts: [0; COUNTS], observations: std::array::from_fn(|_| Vec::new()) };
        for (index, (count, ..)) in COUNTERS.iter().enumerate() {
            let now = tracker.get(*count);
            changes.counts[index] = now.saturating_sub(self.counts[index]);
            self.counts[index] = now;
        }
        for (index, (observed, ..)) in HISTOGRAMS.iter().enumerate() {
            let now = observed.of(tracker);
            changes.observations[index] = new_in(now.as_ref(), self.histograms[index].as_ref(), *observed);
            self.histograms[index] = now;
        }
        changes
    }
}

impl Changes {
    /// Increments the counters and returns the histograms to record. Unchanged counters are incremented by 0, because a
    /// rate needs the series from the start.
    pub(super) fn emit(self, region: &str, common: &[Label]) -> Vec<(metrics::Histogram, Observations)> {
        let labels = |own: Own| {
            let mut labels = common.to_vec();
            labels.push(Label::new("region", SharedString::from_owned(region.to_owned())));
            labels.extend(own.map(|(name, value)| Label::from_static_parts(name, value)));
            labels
        };
        for ((_, name, own), by) in COUNTERS.into_iter().zip(self.counts) {
            metrics::counter!(name, labels(own)).increment(by);
        }
        let histograms = HISTOGRAMS.into_iter().zip(self.observations);
        let new = histograms.filter(|(_, observations)| !observations.is_empty());
        new.map(|((_, name, own), observations)| (metrics::histogram!(name, labels(own)), observations))
            .collect()
    }
}

fn new_in(now: Option<&Histogram<u64>>, before: Option<&Histogram<u64>>, observed: Observed) -> Observations {
    let Some(now) = now else { return Vec::new() };
    let values = now.iter_recorded().filter_map(|step| {
        let value = step.value_iterated_to();
        let new = step.count_at_value().saturating_sub(before.map_or(0, |before| before.count_at(value)));
        let seconds = observed.duration(now.median_equivalent(value)).as_secs_f64();
        (new > 0).then_some((seconds, usize::try_from(new).unwrap_or(usize::MAX)))
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{DESCRIPTIONS, Kind};

    #[test]
    fn each_count_is_published_once_and_described() {
        let mut counts: Vec<usize> = COUNTERS.iter().map(|(count, ..)| *count as usize).collect();
        counts.sort_unstable();
        assert_eq!(counts, (0..COUNTS).collect::<Vec<_>>());
        let counters = COUNTERS.iter().map(|(_, name, own)| (*name, own, Kind::Counter));
        let histograms = HISTOGRAMS.iter().map(|(_, name, own)| (*name, own, Kind::Histogram));
        for (name, own, kind) in counters.chain(histograms) {
            let description = DESCRIPTIONS.iter().find(|description| description.name == name).expect(name);
            assert_eq!(description.kind, kind, "{name}");
            let labels: Vec<_> = ["region"].into_iter().chain(own.map(|(label, _)| label)).collect();
            assert_eq!(description.labels, labels, "{name}");
        }
    }

    #[test]
    fn increases_are_published_once() {
        let (tracker, mut published) = (RegionTracker::default(), Published::default());
        let hit = Count::Hit as usize;
        tracker.add(Count::Hit, 3);
        tracker.time(Timed::Hit, Duration::from_micros(10));
        tracker.time(Timed::Hit, Duration::from_micros(10));
        let first = published.update(&tracker);
        assert_eq!((first.counts[hit], &first.observations[0]), (3, &vec![(0.000_01, 2)]));

        tracker.count(Count::Hit);
        tracker.time(Timed::Hit, Duration::from_micros(10));
        tracker.time(Timed::Hit, Duration::from_secs(1));
        let second = published.update(&tracker);
        assert_eq!(second.counts[hit], 1);
        let [(short, 1), (long, 1)] = second.observations[0][..] else { panic!("{second:?}") };
        assert!((short - 0.000_01).abs() < 1e-9 && (long - 1.0).abs() < 0.01, "{short} {long}");

        let third = published.update(&tracker);
        assert_eq!(third.counts, [0; COUNTS]);
        assert!(third.observations.iter().all(Vec::is_empty));
    }
}
