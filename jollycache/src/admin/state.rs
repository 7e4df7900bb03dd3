//! `Shared`: the state of the handlers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, watch};

use super::gate::Gate;
use super::overview::Overview;
use super::sampler::Sampler;
use crate::cache::{Cache, WarmUp};

/// Timeout of one operation of the backend. Longer than a request's: an operator would rather wait than read an error.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(2);

/// The state that all handlers share.
pub(super) struct Shared {
    pub(super) cache: Cache,
    pub(super) gate: Gate,
    pub(super) hides_values: bool,
    pub(super) warm_up: Option<WarmUp>,
    pub(super) sampler: Sampler,
    /// Held while a requested audit runs.
    pub(super) audit: Mutex<()>,
    /// One permit for each client of the event stream.
    pub(super) listeners: Arc<Semaphore>,
    /// `true` ends all event streams.
    pub(super) closed: watch::Sender<bool>,
}

impl Shared {
    /// The overview, at most a second old.
    pub(super) async fn overview(&self) -> Arc<Overview> {
        self.sampler.overview(&self.cache, self.warm_up.as_ref(), self.hides_values).await
    }
}
