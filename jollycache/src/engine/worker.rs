//! The worker: one task a cache, for what no caller should wait for. It probes a lost backend, delivers queued
//! invalidations, gives back the leases of cancelled loads and dropped locks, and writes the summary to the log.
//!
//! The engine owns the task and aborts it when it is dropped; the task holds the engine only while it works.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::delivery::Sender;
use super::progress::Progress;
use super::{Engine, repair};
use crate::backend::WriteEnd;
use crate::clock;
use crate::entry::Token;
use crate::error::{ErrorKind, Result};
use crate::key::StoredKey;
use crate::store::Call;
use crate::tracker::{RegionStats, ratio};

/// The most leases, intents and locks that wait to be given back. Beyond that the oldest is left to end by itself: of
/// all of them it is the closest to its end.
const MAX_JOBS: usize = 10_000;
/// How many of them are given back at once: one after another over a slow line, they would end by themselves first.
const JOBS_AT_ONCE: usize = 256;
/// How often one is tried while the backend does not answer, before it is left to end by itself.
const JOB_ATTEMPTS: u32 = 5;
/// Invalidations delivered with one call.
const REPAIR_BATCH: usize = 256;
/// The bound on one of the worker's own operations, unless calls have a longer one: on a slow network, what calls wait
/// for would never be in time for the worker.
const MIN_TIMEOUT: Duration = Duration::from_millis(500);
/// The longest bound: while the worker waits for an answer that is lost, it does nothing else.
const MAX_TIMEOUT: Duration = Duration::from_secs(2);
/// The bound on an invalidation by scan.
pub(super) const SCAN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long after a failed delivery the next is tried, while the backend answers.
const REPAIR_RETRY: Duration = Duration::from_millis(200);
/// How often the summary is written, and the hit rate judged.
const SUMMARY_EVERY: Duration = Duration::from_secs(5 * 60);
/// A hit rate below this is worth a warning…
const LOW_HIT_RATE: f64 = 0.5;
/// …if this many reads stand behind it.
const READS_TO_JUDGE: u64 = 100;

/// Something to give back.
#[derive(Debug)]
pub(super) enum Job {
    Release { key: StoredKey, token: Token },
    EndWrite { key: StoredKey, token: Token, grace: Duration },
    OpenTags { tags: Vec<StoredKey>, token: Token, grace: Duration },
    Unlock { lock: StoredKey, token: Token },
}

/// A job, and how often it was tried.
#[derive(Debug)]
struct Queued {
    job: Job,
    attempts: u32,
}

/// Jobs under way. What is left of them when this is dropped, with the worker's runtime for example, is queued again.
struct Batch<'w> {
    worker: &'w Worker,
    jobs: Vec<Queued>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut jobs = self.worker.jobs();
        for job in self.jobs.drain(..).rev() {
            jobs.push_front(job);
        }
        let excess = jobs.len().saturating_sub(MAX_JOBS);
        jobs.drain(..excess);
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Worker {
    /// The bound on one operation.
    pub(super) timeout: Duration,
    wake: Arc<Notify>,
    jobs: Mutex<VecDeque<Queued>>,
    task: Mutex<Option<Running>>,
}

/// The task, and what it promised.
#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    progress: Progress,
}

impl Worker {
    /// A worker that has not started, of a cache whose calls wait for at most `call_timeout` by default.
    pub(super) fn new(call_timeout: Duration) -> Self {
        Worker {
            timeout: call_timeout.clamp(MIN_TIMEOUT, MAX_TIMEOUT),
            wake: Arc::default(),
            jobs: Mutex::default(),
            task: Mutex::default(),
        }
    }

    /// Starts the task on the current runtime, if there is one and the task does not run: it ended with its runtime, or
    /// the runtime is not driven any more.
    pub(super) fn start(&self, engine: &Arc<Engine>) {
        let now = clock::now();
        let mut running = self.running();
        if running
            .as_ref()
            .is_some_and(|Running { task, progress }| !task.is_finished() && !progress.is_stalled(now))
        {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let task = runtime.spawn(run(Arc::downgrade(engine), self.wake.clone()));
        if let Some(stalled) = running.replace(Running { task, progress: Progress::spawned(now) }) {
            // Its turn can be given up at any point: what it took out of a queue ends by itself.
            stalled.task.abort();
            engine.store.abandon_probe(now);
        }
    }

    pub(super) fn wake(&self) {
        self.progress(Progress::woken);
        self.wake.notify_one();
    }

    fn progress(&self, change: impl FnOnce(&mut Progress, Instant)) {
        if let Some(Running { progress, .. }) = &mut *self.running() {
            change(progress, clock::now());
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, job: Job) {
        let mut jobs = self.jobs();
        if jobs.len() >= MAX_JOBS {
            jobs.pop_front();
        }
        jobs.push_back(Queued { job, attempts: 0 });
        drop(jobs);
        self.wake();
    }

    fn batch(&self) -> Batch<'_> {
        let mut jobs = self.jobs();
        let count = jobs.len().min(JOBS_AT_ONCE);
        Batch { worker: self, jobs: jobs.drain(..count).collect() }
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Queued>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.task.abort();
        }
    }
}

async fn run(engine: Weak<Engine>, wake: Arc<Notify>) {
    let mut summary = Summary { due: clock::now() + SUMMARY_EVERY, before: RegionStats::default() };
    let mut pause = Duration::ZERO;
    loop {
        // A lost wake-up costs nothing: `Notify` keeps one, and the pause ends by itself.
        let _ = tokio::time::timeout(pause, wake.notified()).await;
        let Some(engine) = engine.upgrade() else { return };
        engine.worker.progress(Progress::begin);
        engine.probe().await;
        let delivered = engine.deliver_repairs().await;
        let done = engine.run_jobs().await;
        summary.write_if_due(&engine, clock::now());
        pause = engine.pause(delivered && done, summary.due);
        engine.worker.progress(|progress, now| progress.end(now, pause));
    }
}

impl Engine {
    /// Makes sure that the worker runs; a cache that was built outside a runtime starts it at its first miss.
    pub(crate) fn ensure_worker(self: &Arc<Self>) {
        self.worker.start(self);
    }

    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(crate) async fn flush_repairs(&self) -> bool {
        self.deliver_repairs().await
    }

    fn pause(&self, delivered: bool, summary_due: Instant) -> Duration {
        let now = clock::now();
        let until_summary = summary_due.saturating_duration_since(now);
        match self.store.probe_in(now) {
            Some(until_probe) => until_probe.min(until_summary),
            None if delivered => until_summary,
            None => REPAIR_RETRY.min(until_summary),
        }
    }

    async fn probe(&self) {
        let timeout = self.worker.timeout;
        self.worker.progress(|progress, now| progress.step(now, timeout));
        self.store.probe(timeout).await;
    }

    async fn deliver_repairs(&self) -> bool {
        // Those that were refused in this turn: they have gone to the end of the queue.
        let mut refused = 0;
        while self.store.is_connected() {
            let due = self.repair.len().saturating_sub(refused);
            if due == 0 {
                break;
            }
            let batch = self.repair.batch(due.min(REPAIR_BATCH));
            match self.deliver_batch(&batch).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => return false,
                // What is refused, or takes too long, a scan for example, must not hold back what would be taken.
                Err(_) => match self.deliver_each(batch).await {
                    Some(some) => refused += some,
                    None => return false,
                },
            }
        }
        self.repair.len() == 0
    }

    async fn deliver_batch(&self, batch: &repair::Batch) -> Result<()> {
        let count = batch.invalidations.len();
        let targets = batch.invalidations.iter().map(|(pending, grace)| (pending, *grace));
        self.deliver(Sender::Worker, targets).await.inspect_err(|error| {
            tracing::debug!(
                backend = self.store.backend_name(),
                error = error as &dyn std::error::Error,
                "queued invalidations could not be delivered"
            );
        })?;
        self.repair.delivered(batch);
        self.tell(None, batch.invalidations.iter().map(|(pending, _)| pending));
        tracing::info!(backend = self.store.backend_name(), count, "delivered queued invalidations");
        Ok(())
    }

    /// Returns how many were refused; `None` if all were, or the backend is lost, so that there is no use in going on.
    async fn deliver_each(&self, batch: repair::Batch) -> Option<usize> {
        let (count, mut refused) = (batch.invalidations.len(), 0);
        for single in batch.split() {
            match self.deliver_batch(&single).await {
                Ok(()) => {}
                Err(error) => {
                    self.repair.postpone(single);
                    if error.is_outage() {
                        return None;
                    }
                    refused += 1;
                }
            }
        }
        (refused < count).then_some(refused)
    }

    /// One operation of the worker's own.
    pub(super) fn background(&self, timeout: Duration) -> Call<'_> {
        self.worker.progress(|progress, now| progress.step(now, timeout));
        self.store.background(timeout)
    }

    /// Does what is queued now, if the backend answers. Returns whether nothing is left.
    async fn run_jobs(&self) -> bool {
        while self.store.is_connected() {
            let mut batch = self.worker.batch();
            if batch.jobs.is_empty() {
                return true;
            }
            let answers = join_all(batch.jobs.iter().map(|queued| self.run_job(&queued.job))).await;
            let mut answers = answers.into_iter();
            batch.jobs.retain_mut(|queued| {
                queued.attempts += 1;
                // A refusal would be repeated; what is refused ends by itself.
                let unanswered = matches!(answers.next(), Some(Err(error)) if error.is_outage());
                unanswered && queued.attempts < JOB_ATTEMPTS
            });
            if !batch.jobs.is_empty() {
                return false;
            }
        }
        self.worker.jobs().is_empty()
    }

    async fn run_job(&self, job: &Job) -> Result<()> {
        let call = self.background(self.worker.timeout);
        match job {
            Job::Release { key, token } => call.release(key, *token).await.map(drop),
            Job::EndWrite { key, token, grace } => {
                let end = WriteEnd::Evict { grace: *grace };
                call.end_write(key, *token, end).await.map(drop)
            }
            Job::Unlock { lock, token } => call.unlock(lock, *token).await.map(drop),
            Job::OpenTags { tags, token, grace } => call.open_tags(tags, *token, *grace).await,
        }
    }
}

struct Summary {
    due: Instant,
    before: RegionStats,
}

impl Summary {
    fn write_if_due(&mut self, engine: &Engine, now: Instant) {
        if now < self.due {
            return;
        }
        self.due = now + SUMMARY_EVERY;
        let total = engine.stats().total;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: usize) -> Job {
        Job::Release { key: StoredKey::found(&number.to_string()), token: Token::random() }
    }

    fn key_of(queued: &Queued) -> &str {
        match &queued.job {
            Job::Release { key, .. } => key.as_str(),
            other => panic!("only leases are given back here, not {other:?}"),
        }
    }

    #[test]
    fn a_full_queue_leaves_the_oldest_to_end_by_itself() {
        let worker = Worker::new(Duration::ZERO);
        for number in 0..=MAX_JOBS {
            worker.push(job(number));
        }
        assert_eq!(worker.jobs().len(), MAX_JOBS);
        assert_eq!(key_of(&worker.batch().jobs[0]), "1");
    }

    #[test]
    fn an_abandoned_batch_is_queued_again_in_its_order() {
        let worker = Worker::new(Duration::ZERO);
        for number in 0..=JOBS_AT_ONCE {
            worker.push(job(number));
        }
        drop(worker.batch());
        let again = worker.batch();
        let keys: Vec<_> = again.jobs.iter().map(key_of).collect();
        assert_eq!(keys, (0..JOBS_AT_ONCE).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(worker.jobs().len(), 1, "what came later waits behind them");
    }
}
