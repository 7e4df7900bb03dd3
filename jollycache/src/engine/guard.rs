//! Every call to the backend goes through here: the breaker, the timeout, the count of errors.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use super::{Engine, Region};
use crate::backend::Pulse;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::tracker::Count;

/// How far apart the looks at a connection are whose caller's time is over.
const LOOK: Duration = Duration::from_millis(10);
/// In this time a connection counts one failure, however many calls fail with it.
const FAILURE_INTERVAL: Duration = Duration::from_millis(100);
/// How long beyond its timeout a call waits while its connection delivers other answers.
const MOST_PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Runs one operation of the backend, for at most `timeout`; longer only while its connection shows that the store
    /// answers and this process is what is slow.
    pub(crate) async fn guarded<T>(
        &self,
        region: &Region,
        timeout: Duration,
        operation: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if !self.breaker.allows() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the cache backend is unreachable; its breaker is open",
            ));
        }
        // In a box: a call of the cache holds several of these, one after another, and may be one of a deep recursion.
        Box::pin(Pulse::observe(self.judged(region, timeout, operation))).await
    }

    async fn judged<T>(
        &self,
        region: &Region,
        timeout: Duration,
        operation: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let answer = in_time(timeout, operation).await.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::Timeout,
                format!("the cache backend did not answer within {timeout:?}"),
            ))
        });
        match &answer {
            Ok(_) => self.breaker.succeeded(),
            Err(error) => self.count_failure(region, error),
        }
        answer
    }

    fn count_failure(&self, region: &Region, error: &Error) {
        region.tracker.count(Count::BackendError);
        if error.is_outage() {
            let now = clock::now();
            // All who wait for one connection fail together, which is one failure.
            let counts = Pulse::waited_for().is_none_or(|pulse| pulse.counts_failure(now, FAILURE_INTERVAL));
            if counts && self.breaker.failed(now) {
                tracing::warn!(
                    backend = self.backend.name(),
                    error = error as &dyn std::error::Error,
                    "lost the cache backend: calls run uncached until it is back"
                );
                self.worker.wake();
            }
        } else {
            // It answered, so it is there; what it said is another matter.
            self.breaker.succeeded();
            if let Some(suppressed) = self.warnings.admit(&region.name, &error.to_string(), clock::now()) {
                tracing::warn!(
                    backend = self.backend.name(),
                    region = %region.name,
                    suppressed,
                    error = error as &dyn std::error::Error,
                    "the cache backend refused an operation"
                );
            }
        }
    }
}

/// The answer of an operation, or `None` when it takes longer than `timeout` on a connection that is silent.
async fn in_time<T>(timeout: Duration, operation: impl Future<Output = T>) -> Option<T> {
    let mut operation = pin!(operation);
    tokio::select! {
        biased;
        answer = &mut operation => return Some(answer),
        () = clock::sleep(timeout) => {}
    }
    let pulse = Pulse::waited_for()?;
    tokio::select! {
        biased;
        answer = &mut operation => Some(answer),
        () = pulse.shared_silence(LOOK) => None,
        () = clock::sleep(MOST_PATIENCE) => None,
    }
}
