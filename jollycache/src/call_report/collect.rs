//! `collect`: a task's calls, gathered while it runs.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::report::{CallReport, Operation, Outcome, Span, length};
use crate::clock;
use crate::region::Region;

/// The most reports that are kept; calls beyond them are only counted.
pub const MAX_REPORTS: usize = 32;

tokio::task_local! {
    /// A cell and no lock: one task reports to it, never two threads at once, and no borrow is held over an `await`.
    static CALLS: RefCell<Calls>;
}

/// Runs `future`, and tells what the calls in it did with the cache: annotated functions, and calls by hand, in the
/// order in which they ended.
///
/// It holds for the task, with all that is joined in it; what the task spawns is not seen, and neither is a call that is
/// dropped before its end. Where one collection runs inside another, both see the inner one's calls. Dropping the
/// returned future drops `future`.
///
/// ```
/// use jollycache::{Cache, MemoryBackend, Operation, Outcome, Policy, collect};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let policy = Policy::new().region("product");
/// let (tea, calls) = collect(async {
///     cache.get_or_load("product:42", &policy, async || Ok::<_, jollycache::Error>("tea".to_owned())).await
/// })
/// .await;
/// assert_eq!(tea?, "tea");
/// let [call] = calls.reports() else { panic!("one call") };
/// assert_eq!((call.region(), call.operation(), call.outcome()), ("product", Operation::Read, Outcome::Miss));
/// assert!(call.is_stored());
/// # Ok(())
/// # }
/// ```
pub async fn collect<F: Future>(future: F) -> (F::Output, Calls) {
    let mut collecting = pin!(CALLS.scope(RefCell::default(), future));
    let output = collecting.as_mut().await;
    let calls = collecting.take_value().map(RefCell::into_inner).unwrap_or_default();
    // To a collection around this one; without one there is nobody to tell.
    let _ = CALLS.try_with(|outer| outer.borrow_mut().extend(&calls));
    (output, calls)
}

/// What [`collect`] brings.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    reports: Vec<CallReport>,
    omitted: usize,
    queued: usize,
}

impl Calls {
    /// The first [`MAX_REPORTS`] calls that ended.
    pub fn reports(&self) -> &[CallReport] {
        &self.reports
    }

    /// How many more there were.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many calls left an invalidation queued ([`Outcome::Queued`]): they are not acknowledged yet. The omitted
    /// ones are among them, so that zero means that everything was delivered.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How long at least one of the reported calls was in its function: in a load, or in a write of the source. Loads
    /// inside loads, and at the same time, count once.
    pub fn load_time(&self) -> Duration {
        covered(self.reports.iter().filter_map(|report| report.load).collect())
    }

    /// How long at least one of the reported calls was under way, and none in its function.
    pub fn cache_time(&self) -> Duration {
        covered(self.reports.iter().map(|report| report.call).collect()).saturating_sub(self.load_time())
    }

    fn push(&mut self, report: CallReport) {
        self.queued += usize::from(report.outcome == Outcome::Queued);
        if self.reports.len() < MAX_REPORTS {
            self.reports.push(report);
        } else {
            self.omitted += 1;
        }
    }

    fn extend(&mut self, inner: &Calls) {
        let queued = self.queued + inner.queued;
        inner.reports.iter().cloned().for_each(|report| self.push(report));
        self.omitted += inner.omitted;
        self.queued = queued;
    }
}

/// What is known of a call before it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) stored: bool,
    pub(crate) stale_for: Duration,
    pub(crate) load: Option<Span>,
}

impl CallOutcome {
    pub(crate) fn of(outcome: Outcome) -> Self {
        CallOutcome { outcome, stored: outcome == Outcome::Stored, stale_for: Duration::ZERO, load: None }
    }
}

/// Reports a call that ends now, if its task collects.
pub(crate) fn report(region: &Arc<Region>, operation: Operation, started: Instant, call: CallOutcome) {
    // Outside of a collection there is nobody to tell.
    let _ = CALLS.try_with(|calls| {
        let CallOutcome { outcome, stored, stale_for, load } = call;
        let call = (started, clock::now());
        let region = region.clone();
        calls.borrow_mut().push(CallReport { region, operation, outcome, stored, stale_for, call, load });
    });
}

/// How much time the spans cover together.
fn covered(mut spans: Vec<Span>) -> Duration {
    spans.sort_unstable();
    let mut sum = Duration::ZERO;
    let mut until = None;
    for (start, end) in spans {
        let start = until.map_or(start, |until| start.max(until));
        sum += length((start, end));
        until = Some(until.map_or(end, |until| end.max(until)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_or_are_inside_others_count_once() {
        let zero = clock::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let covered = |spans: &[(u64, u64)]| {
            covered(spans.iter().map(|&(start, end)| (at(start), at(end))).collect()).as_millis()
        };
        assert_eq!(covered(&[]), 0);
        assert_eq!(covered(&[(5, 9), (0, 3)]), 7, "apart");
        assert_eq!(covered(&[(2, 6), (0, 4)]), 6, "overlapping");
        assert_eq!(covered(&[(0, 10), (2, 3), (4, 12)]), 12, "one inside another");
        assert_eq!(covered(&[(3, 3), (0, 3), (0, 3)]), 3, "twice, and empty");
    }
}
