//! `Background`: the validations that no client waits for (RFC 5861, section 3). They are bounded, and end with the
//! layer.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// The most validations in the background at once; one beyond them is waited for by its client.
const MAX_TASKS: usize = 64;

/// See the module.
pub(super) struct Background {
    places: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

/// The right to run one task.
#[derive(Debug)]
pub(super) struct Place(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Background {
    pub(super) fn new() -> Self {
        Background { places: Arc::new(Semaphore::new(MAX_TASKS)), tasks: Mutex::default() }
    }

    /// A place for a task, if there is one.
    pub(super) fn place(&self) -> Option<Place> {
        self.places.clone().try_acquire_owned().ok().map(Place)
    }

    /// Runs a task until it ends, or the layer and all its services are dropped.
    pub(super) fn run(&self, place: Place, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended, in whatever way, is of no interest any more.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            task.await;
            drop(place);
        });
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("free", &self.places.available_permits()).finish_non_exhaustive()
    }
}
