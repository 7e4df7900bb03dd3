//! `Recent`: the latencies between two overviews.

use std::collections::BTreeMap;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::clock::as_millis;

/// Latencies since the start, by region.
pub(super) type Histograms = BTreeMap<Box<str>, Histogram<u64>>;

/// Latencies of reads since the previous overview.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Recent {
    /// The length of that time, in milliseconds.
    window_ms: u64,
    /// All regions together.
    total: RecentReads,
    /// Each region by name.
    regions: BTreeMap<String, RecentReads>,
}

/// Latencies of reads, in microseconds; zero without any read.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct RecentReads {
    /// The number of reads.
    count: u64,
    /// The median.
    p50_us: u64,
    /// The 99th percentile.
    p99_us: u64,
}

impl Recent {
    /// The latencies in `after` that are not in `before`; without it, all since `started`.
    pub(super) fn between(
        before: Option<(&Histograms, Instant)>,
        after: &Histograms,
        now: Instant,
        started: Instant,
    ) -> Self {
        let since = before.map_or(started, |(_, taken)| taken);
        let mut total: Option<Histogram<u64>> = None;
        let mut regions = BTreeMap::new();
        for (name, histogram) in after {
            let mut fresh = histogram.clone();
            if let Some(old) = before.and_then(|(before, _)| before.get(name)) {
                // Histograms of one kind have the same bounds and their counts only grow, so this cannot fail.
                let _ = fresh.subtract(old);
            }
            regions.insert(name.to_string(), RecentReads::of(&fresh));
            match total.as_mut() {
                Some(total) => drop(total.add(&fresh)),
                None => total = Some(fresh),
            }
        }
        let total = total.as_ref().map(RecentReads::of).unwrap_or_default();
        Recent { window_ms: as_millis(now.saturating_duration_since(since)), total, regions }
    }
}

impl RecentReads {
    fn of(histogram: &Histogram<u64>) -> Self {
        RecentReads {
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.50),
            p99_us: histogram.value_at_quantile(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    fn histograms(values: &[u64]) -> Histograms {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 2).expect("bounds");
        for value in values {
            histogram.saturating_record(*value);
        }
        BTreeMap::from([("product".into(), histogram)])
    }

    #[test]
    fn only_reads_since_the_previous_overview_count() {
        let started = clock::now();
        let (before, after) = (histograms(&[1_000; 50]), histograms(&[[1_000; 50], [10; 50]].concat()));
        let later = started + Duration::from_secs(2);
        let recent = Recent::between(Some((&before, started)), &after, later, started);
        assert_eq!(recent.window_ms, 2_000);
        assert_eq!((recent.total.count, recent.total.p50_us, recent.total.p99_us), (50, 10, 10));
        assert_eq!(recent.regions["product"].count, 50);
        let first = Recent::between(None, &after, later, started);
        assert_eq!(first.total.count, 100);
        let idle = Recent::between(Some((&after, started)), &after, later, started);
        assert_eq!((idle.total.count, idle.total.p99_us), (0, 0));
    }
}
