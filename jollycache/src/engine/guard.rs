//! Every call to the backend goes through here: the breaker, the timeout, the count of errors.

use std::future::Future;
use std::time::Duration;

use super::{Engine, Region};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::tracker::Count;

impl Engine {
    /// Runs one operation of the backend, for at most `timeout`.
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
        let answer = tokio::time::timeout(timeout, operation).await.unwrap_or_else(|_| {
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
            if self.breaker.failed(clock::now()) {
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
            tracing::warn!(
                backend = self.backend.name(),
                region = %region.name,
                error = error as &dyn std::error::Error,
                "the cache backend refused an operation"
            );
        }
    }
}
