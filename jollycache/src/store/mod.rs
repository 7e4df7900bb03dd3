//! The store: the only owner of a backend. Everybody else calls its typed operations.
//!
//! A [`Call`] is one operation, on behalf of a region or in the background. The circuit breaker admits it, a timeout
//! bounds it, and its outcome is counted; so nothing of that has to be remembered where an operation is used.

mod breaker;
mod call;
mod capabilities;
mod operations;
mod warnings;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(any(feature = "admin", feature = "metrics"))]
pub(crate) use self::breaker::BreakerState;
pub(crate) use self::call::Call;

use self::breaker::Breaker;
use self::warnings::Warnings;
use crate::backend::{Backend, Capability};
use crate::clock;
use crate::error::Result;
use crate::key::Namespace;

/// See the module.
pub(crate) struct Store {
    pub(crate) namespace: Namespace,
    /// Limits how often a repeated warning is logged, those of the store's users included.
    pub(crate) warnings: Warnings,
    backend: Arc<dyn Backend>,
    breaker: Breaker,
    /// Called when the breaker opens, so that a probe is scheduled.
    on_outage: Box<dyn Fn() + Send + Sync>,
}

impl Store {
    /// A store in which nothing has failed yet. `on_outage` must not block: it runs in the call that failed last.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        namespace: Namespace,
        on_outage: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Store {
            namespace,
            warnings: Warnings::default(),
            backend,
            breaker: Breaker::default(),
            on_outage: Box::new(on_outage),
        }
    }

    /// The backend's short name, for logs and metrics.
    pub(crate) fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// Whether the backend has a capability.
    pub(crate) fn supports(&self, capability: Capability) -> bool {
        self.backend.supports(capability)
    }

    /// Checks that the backend has a capability, before a part is built that cannot work without it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), which names `operation`, the backend and the capability.
    pub(crate) fn require(&self, capability: Capability, operation: &str) -> Result<()> {
        self.backend.require(capability, operation)
    }

    /// Whether both stores have one backend, so that equal names are one entry.
    pub(crate) fn shares_backend(&self, other: &Store) -> bool {
        Arc::ptr_eq(&self.backend, &other.backend)
    }

    /// Whether calls go to the backend; `false` while the breaker is open.
    pub(crate) fn is_connected(&self) -> bool {
        self.breaker.allows()
    }

    /// The state of the circuit breaker.
    #[cfg(any(feature = "admin", feature = "metrics"))]
    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker.state()
    }

    /// How long until a probe is due; `None` while none is needed.
    pub(crate) fn probe_in(&self, now: Instant) -> Option<Duration> {
        self.breaker.probe_in(now)
    }

    /// Probes a lost backend, if that is due. `timeout` bounds the probe.
    ///
    /// # Cancel safety
    /// A dropped probe stays due.
    pub(crate) async fn probe(&self, timeout: Duration) {
        let Some(probe) = self.breaker.begin_probe(clock::now()) else { return };
        if self.background(timeout).ping().await.is_ok() {
            probe.succeeded();
            tracing::warn!(backend = self.backend_name(), "regained the cache backend");
        } else {
            probe.failed(clock::now(), rand::random());
        }
    }

    /// Lets another task probe: the one that began does not run any more.
    pub(crate) fn abandon_probe(&self, now: Instant) {
        self.breaker.abandon_probe(now);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("backend", &self.backend)
            .field("namespace", &self.namespace)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
