//! `Jobs`: what calls that were cancelled leave behind, to be given back: leases, write intents, closed tags and locks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::turn::Turn;
use crate::backend::WriteEnd;
use crate::engine::Engine;
use crate::entry::Token;
use crate::error::Result;
use crate::key::StoredKey;

/// The most leases, intents and locks that wait to be given back. Beyond that the oldest is left to end by itself: of
/// all of them it is the closest to its end.
const MAX_JOBS: usize = 10_000;
/// How many of them are given back at once: one after another over a slow line, they would end by themselves first.
const JOBS_AT_ONCE: usize = 256;
/// How often one is tried while the backend does not answer, before it is left to end by itself.
const JOB_ATTEMPTS: u32 = 5;

/// Something to give back.
#[derive(Debug)]
pub(in crate::engine) enum Job {
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

/// Jobs under way. Those left when this is dropped, with the worker's runtime for example, are queued again.
struct Batch<'w> {
    queue: &'w Jobs,
    jobs: Vec<Queued>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut jobs = self.queue.waiting();
        for job in self.jobs.drain(..).rev() {
            jobs.push_front(job);
        }
        let excess = jobs.len().saturating_sub(MAX_JOBS);
        jobs.drain(..excess);
    }
}

/// The queue of the jobs.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    waiting: Mutex<VecDeque<Queued>>,
}

impl Jobs {
    pub(super) fn push(&self, job: Job) {
        let mut jobs = self.waiting();
        if jobs.len() >= MAX_JOBS {
            jobs.pop_front();
        }
        jobs.push_back(Queued { job, attempts: 0 });
    }

    fn batch(&self) -> Batch<'_> {
        let mut jobs = self.waiting();
        let count = jobs.len().min(JOBS_AT_ONCE);
        Batch { queue: self, jobs: jobs.drain(..count).collect() }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Queued>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Does what is queued now, if the backend answers. Returns whether nothing is left.
    pub(super) async fn run_jobs(self) -> bool {
        let Engine { store, worker, .. } = self.engine;
        while store.is_connected() {
            let mut batch = worker.jobs.batch();
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
        worker.jobs.waiting().is_empty()
    }

    async fn run_job(self, job: &Job) -> Result<()> {
        let Engine { store, worker, .. } = self.engine;
        let call = worker.call(store, worker.timeout);
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
        let queue = Jobs::default();
        for number in 0..=MAX_JOBS {
            queue.push(job(number));
        }
        assert_eq!(queue.waiting().len(), MAX_JOBS);
        assert_eq!(key_of(&queue.batch().jobs[0]), "1");
    }

    #[test]
    fn an_abandoned_batch_is_queued_again_in_its_order() {
        let queue = Jobs::default();
        for number in 0..=JOBS_AT_ONCE {
            queue.push(job(number));
        }
        drop(queue.batch());
        let again = queue.batch();
        let keys: Vec<_> = again.jobs.iter().map(key_of).collect();
        assert_eq!(keys, (0..JOBS_AT_ONCE).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(queue.waiting().len(), 1, "what came later waits behind them");
    }
}
