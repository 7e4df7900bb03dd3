//! `Call`: one operation of the backend, with what holds for all of them: the breaker, the timeout, the count of errors.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use super::Store;
use crate::backend::{Backend, Pulse};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::region::Region;
use crate::tracker::Count;

/// The time between two looks at a connection whose caller's time is over.
const LOOK: Duration = Duration::from_millis(10);
/// In this time a connection counts one failure, however many calls fail with it.
const FAILURE_INTERVAL: Duration = Duration::from_millis(100);
/// How long beyond its timeout a call waits while its connection delivers other answers.
const MOST_PATIENCE: Duration = Duration::from_secs(5);

/// An operation under way.
pub(super) type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 's>>;

/// One operation that may be sent to the backend now. Each operation of the protocol is a method that consumes it.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    store: &'s Store,
    caller: Caller<'s>,
    timeout: Duration,
}

/// On whose behalf an operation runs.
#[derive(Debug, Clone, Copy)]
enum Caller<'s> {
    /// A call of the application. Its outcome counts for the region and for the breaker.
    Region(&'s Region),
    /// A task of the cache's own, which tries again later. It passes an open breaker, and counts for none.
    Background,
}

impl Store {
    /// A call for `region`, bound to `timeout`; longer only while its connection shows that the backend answers and
    /// this process is what is slow.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] while the breaker is open: then nothing is sent.
    pub(crate) fn call<'s>(&'s self, region: &'s Region, timeout: Duration) -> Result<Call<'s>> {
        if self.breaker.allows() {
            return Ok(Call { store: self, caller: Caller::Region(region), timeout });
        }
        Err(Error::new(ErrorKind::Unavailable, "the cache backend is unreachable; its breaker is open"))
    }

    /// A call of a background task, bound to `timeout`.
    pub(crate) fn background(&self, timeout: Duration) -> Call<'_> {
        Call { store: self, caller: Caller::Background, timeout }
    }

    fn count_failure(&self, region: &Region, error: &Error) {
        region.tracker.count(Count::BackendError);
        if error.is_outage() {
            let now = clock::now();
            // All calls that wait for one connection fail together, which is one failure.
            let counts = Pulse::waited_for().is_none_or(|pulse| pulse.counts_failure(now, FAILURE_INTERVAL));
            if counts && self.breaker.failed(now) {
                tracing::warn!(
                    backend = self.backend_name(),
                    error = error as &dyn std::error::Error,
                    "lost the cache backend: calls run uncached until it is back"
                );
                (self.on_outage)();
            }
        } else {
            // A refusal is an answer too, so the backend is there.
            self.breaker.succeeded();
            if let Some(suppressed) = self.warnings.admit(&region.name, &error.to_string(), clock::now()) {
                tracing::warn!(
                    backend = self.backend_name(),
                    region = %region.name,
                    suppressed,
                    error = error as &dyn std::error::Error,
                    "the cache backend refused an operation"
                );
            }
        }
    }
}

impl<'s> Call<'s> {
    /// Sends `operation` to the backend and waits for its answer.
    pub(super) fn send<T: Send + 's>(
        self,
        operation: impl FnOnce(&'s dyn Backend) -> Answer<'s, T>,
    ) -> Answer<'s, T> {
        let operation = operation(&*self.store.backend);
        // In a box: a call of the cache holds several of these, one after another, and may be one of a deep recursion.
        Box::pin(Pulse::observe(self.judged(operation)))
    }

    /// As [`Call::send`], to a capability of the backend. If the backend lacks it, nothing is sent, and neither the region's
    /// errors nor the breaker count it.
    pub(super) fn send_to<C: ?Sized + Sync + 's, T: Send + 's>(
        self,
        find: impl FnOnce(&'s dyn Backend) -> Result<&'s C>,
        operation: impl FnOnce(&'s C) -> Answer<'s, T>,
    ) -> Answer<'s, T> {
        match find(&*self.store.backend) {
            Ok(capability) => self.send(move |_| operation(capability)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    async fn judged<T>(self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        let Call { store, caller, timeout } = self;
        let patience = match caller {
            Caller::Region(_) => MOST_PATIENCE,
            Caller::Background => Duration::ZERO,
        };
        let answer = in_time(timeout, patience, operation).await.unwrap_or_else(|| {
            let late = format!("the cache backend did not answer within {timeout:?}");
            Err(Error::new(ErrorKind::Timeout, late))
        });
        if let Caller::Region(region) = caller {
            match &answer {
                Ok(_) => store.breaker.succeeded(),
                Err(error) => store.count_failure(region, error),
            }
        }
        answer
    }
}

/// The answer of an operation, or `None` when it takes longer than `timeout` on a connection that is silent, or longer
/// than `patience` beyond it.
async fn in_time<T>(timeout: Duration, patience: Duration, operation: impl Future<Output = T>) -> Option<T> {
    let mut operation = pin!(operation);
    tokio::select! {
        biased;
        answer = &mut operation => return Some(answer),
        () = clock::sleep(timeout) => {}
    }
    let pulse = Pulse::waited_for().filter(|_| !patience.is_zero())?;
    tokio::select! {
        biased;
        answer = &mut operation => Some(answer),
        () = pulse.shared_silence(LOOK) => None,
        () = clock::sleep(patience) => None,
    }
}
