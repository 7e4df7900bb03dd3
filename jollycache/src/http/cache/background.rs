//! `Background`: bounded background validations (RFC 5861, section 3).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Maximum concurrent background validations; beyond it the client that triggers one waits for it.
const MAX_TASKS: usize = 64;

/// The background validations of a layer. Dropping it aborts them.
pub(super) struct Background {
    permits: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

/// The right to run one task.
#[derive(Debug)]
pub(super) struct Permit(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Background {
    pub(super) fn new() -> Self {
        Background { permits: Arc::new(Semaphore::new(MAX_TASKS)), tasks: Mutex::default() }
    }

    /// A permit for one task; `None` while [`MAX_TASKS`] run.
    pub(super) fn try_permit(&self) -> Option<Permit> {
        self.permits.clone().try_acquire_owned().ok().map(Permit)
    }

    /// Runs a task until it ends, or until the layer and all its services are dropped.
    pub(super) fn spawn(&self, permit: Permit, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Results of finished tasks would otherwise accumulate in the set.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            task.await;
            drop(permit);
        });
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("free", &self.permits.available_permits()).finish_non_exhaustive()
    }
}
