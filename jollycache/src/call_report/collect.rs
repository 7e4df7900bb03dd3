//! `collect`: the calls of a future, and the reports it gathers.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::report::{CallReport, Operation, Outcome, Span, length};
use crate::clock;
use crate::region::Region;

/// The maximum number of reports of a collection; further calls are only counted.
pub const MAX_REPORTS: usize = 32;

tokio::task_local! {
    /// A cell and no lock: only one task reports to it, and no borrow is held over an `await`.
    static CALLS: RefCell<Calls>;
}

/// Runs `future` and collects reports of the calls in it: annotated functions and calls by hand, in the order in which
/// they ended.
///
/// Futures that are joined in the same task are included; spawned tasks are not, and neither are calls that are dropped
/// before their end. In nested collections, the outer one includes the calls of the inner one.
///
/// # Cancel safety
/// Dropping the returned future drops `future` and the reports.
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
    // An error means that no collection is around this one.
    let _ = CALLS.try_with(|outer| outer.borrow_mut().extend(&calls));
    (output, calls)
}

/// The reports of the calls that [`collect`] gathered.
///
/// ```
/// use jollycache::{Cache, MemoryBackend, collect};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let (_, calls) = collect(cache.evict("product:42")).await;
/// assert_eq!((calls.reports().len(), calls.omitted(), calls.queued()), (1, 0, 0));
/// assert!(calls.load_time().is_zero());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Calls {
    reports: Vec<CallReport>,
    omitted: usize,
    queued: usize,
}

impl Calls {
    /// The reports of the first [`MAX_REPORTS`] calls that ended.
    pub fn reports(&self) -> &[CallReport] {
        &self.reports
    }

    /// The number of calls without a report, beyond [`MAX_REPORTS`].
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The number of calls that ended as [`Outcome::Queued`], omitted ones included. Zero means that all invalidations were
    /// delivered.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// The time during which at least one of the reported calls was in its function: in a load, or in a write of the
    /// source. Overlapping and nested loads count once.
    pub fn load_time(&self) -> Duration {
        covered(self.reports.iter().filter_map(|report| report.load).collect())
    }

    /// The time during which at least one of the reported calls was in progress, and none in its function.
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

/// The outcome of a call and its details, collected while it runs.
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

/// Adds the report of a call that ends now, if its task is inside a collection.
pub(crate) fn report(region: &Arc<Region>, operation: Operation, started: Instant, call: CallOutcome) {
    // An error means that the task is outside of a collection.
    let _ = CALLS.try_with(|calls| {
        let CallOutcome { outcome, stored, stale_for, load } = call;
        let call = (started, clock::now());
        let region = region.clone();
        calls.borrow_mut().push(CallReport { region, operation, outcome, stored, stale_for, call, load });
    });
}

/// The length of the union of the spans.
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
