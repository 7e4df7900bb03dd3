//! The summary of the cache's work, which the worker writes to the log now and then.

use std::time::{Duration, Instant};

use crate::tracker::{RegionStats, Stats, ratio};

/// How often the summary is written, and the hit rate judged.
const SUMMARY_EVERY: Duration = Duration::from_secs(5 * 60);
/// A hit rate below this is worth a warning…
const LOW_HIT_RATE: f64 = 0.5;
/// …if it was measured over this many reads.
const READS_TO_JUDGE: u64 = 100;

/// The counters as of the last summary.
pub(super) struct Summary {
    due: Instant,
    before: RegionStats,
}

impl Summary {
    pub(super) fn starting(now: Instant) -> Self {
        Summary { due: now + SUMMARY_EVERY, before: RegionStats::default() }
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn write_if_due(&mut self, stats: impl FnOnce() -> Stats, now: Instant) {
        if now < self.due {
            return;
        }
        self.due = now + SUMMARY_EVERY;
        let total = stats().total;
        let served = (total.hits + total.stale_reads) - (self.before.hits + self.before.stale_reads);
        let reads = served + total.misses - self.before.misses;
        let rate = ratio(served, reads);
        tracing::info!(
            reads,
            hit_rate = rate,
            loads = total.loads - self.before.loads,
            backend_errors = total.backend_errors - self.before.backend_errors,
            "cache summary of the last {SUMMARY_EVERY:?}"
        );
        if reads >= READS_TO_JUDGE && rate < LOW_HIT_RATE {
            tracing::warn!(
                reads,
                hit_rate = rate,
                "low hit rate: fewer than half of the reads were served from the cache"
            );
        }
        self.before = total;
    }
}
