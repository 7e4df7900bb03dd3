//! How the worker delivers what waits in the retry queue.

use crate::engine::invalidate::Sender;
use crate::engine::{Engine, retry_queue};
use crate::error::{ErrorKind, Result};

/// Invalidations delivered with one call.
const RETRY_BATCH: usize = 256;

impl Engine {
    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(super) async fn deliver_queued(&self) -> bool {
        // Those that were refused in this turn: they have gone to the end of the queue.
        let mut refused = 0;
        while self.store.is_connected() {
            let due = self.retry_queue.len().saturating_sub(refused);
            if due == 0 {
                break;
            }
            let batch = self.retry_queue.batch(due.min(RETRY_BATCH));
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
        self.retry_queue.len() == 0
    }

    async fn deliver_batch(&self, batch: &retry_queue::Batch) -> Result<()> {
        let count = batch.invalidations.len();
        let targets = batch.invalidations.iter().map(|(pending, grace)| (pending, *grace));
        self.deliver(Sender::Worker, targets).await.inspect_err(|error| {
            tracing::debug!(
                backend = self.store.backend_name(),
                error = error as &dyn std::error::Error,
                "queued invalidations could not be delivered"
            );
        })?;
        self.retry_queue.delivered(batch);
        self.publish(None, batch.invalidations.iter().map(|(pending, _)| pending));
        tracing::info!(backend = self.store.backend_name(), count, "delivered queued invalidations");
        Ok(())
    }

    /// Returns how many were refused; `None` if all were, or the backend is lost, so that there is no use in going on.
    async fn deliver_each(&self, batch: retry_queue::Batch) -> Option<usize> {
        let (count, mut refused) = (batch.invalidations.len(), 0);
        for single in batch.split() {
            match self.deliver_batch(&single).await {
                Ok(()) => {}
                Err(error) => {
                    self.retry_queue.postpone(single);
                    if error.is_outage() {
                        return None;
                    }
                    refused += 1;
                }
            }
        }
        (refused < count).then_some(refused)
    }
}
