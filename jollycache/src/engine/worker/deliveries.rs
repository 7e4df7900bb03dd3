//! How the worker delivers what waits in the retry queue.

use super::turn::Turn;
use crate::engine::Engine;
use crate::engine::invalidate::{Delivery, Initiator};
use crate::engine::retry_queue::Batch;
use crate::error::{ErrorKind, Result};

/// Invalidations delivered with one call.
const RETRY_BATCH: usize = 256;

impl Turn<'_> {
    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(in crate::engine) async fn deliver_queued(self) -> bool {
        let Engine { store, retry_queue, .. } = self.engine;
        // Those that were refused in this turn: they have gone to the end of the queue.
        let mut refused = 0;
        while store.is_connected() {
            let due = retry_queue.len().saturating_sub(refused);
            if due == 0 {
                break;
            }
            let batch = retry_queue.batch(due.min(RETRY_BATCH));
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
        retry_queue.len() == 0
    }

    async fn deliver_batch(self, batch: &Batch) -> Result<()> {
        let Engine { store, retry_queue, .. } = self.engine;
        let count = batch.invalidations.len();
        let targets = batch.invalidations.iter().map(|(pending, grace)| (pending, *grace));
        Delivery::new(self.engine, Initiator::Worker).run(targets).await.inspect_err(|error| {
            tracing::debug!(
                backend = store.backend_name(),
                error = error as &dyn std::error::Error,
                "queued invalidations could not be delivered"
            );
        })?;
        retry_queue.delivered(batch);
        self.engine.publish(None, batch.invalidations.iter().map(|(pending, _)| pending));
        tracing::info!(backend = store.backend_name(), count, "delivered queued invalidations");
        Ok(())
    }

    /// Returns how many were refused; `None` if all were, or the backend is lost, so that there is no use in going on.
    async fn deliver_each(self, batch: Batch) -> Option<usize> {
        let (count, mut refused) = (batch.invalidations.len(), 0);
        for single in batch.split() {
            match self.deliver_batch(&single).await {
                Ok(()) => {}
                Err(error) => {
                    self.engine.retry_queue.postpone(single);
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
