//! `Local`: the limits of this process alone, during an outage of the backend.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::{RateMode, RateRequest, RateStore, RateVerdict};
use crate::error::{Error, Result};
use crate::key::StoredKey;

/// The counts of this process. Nothing is counted while the backend answers, so an outage begins with empty counts.
#[derive(Debug)]
pub(super) struct Local {
    store: RateStore,
    /// Whether the last request was decided here, so that an outage is logged once.
    is_active: AtomicBool,
}

impl Local {
    pub(super) fn new() -> Self {
        Local { store: RateStore::new(), is_active: AtomicBool::new(false) }
    }

    /// Decides requests, after the backend failed with `error`.
    pub(super) fn admit(
        &self,
        error: &Error,
        requests: &[RateRequest<'_>],
        mode: RateMode,
    ) -> Result<Vec<RateVerdict>> {
        if !self.is_active.swap(true, Ordering::Relaxed) {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "rate limits count in this process alone until the cache backend answers");
        }
        self.store.admit(requests, mode)
    }

    /// Notes that the backend answered.
    pub(super) fn deactivate(&self) {
        // The load spares the common case a write to a shared cache line.
        if self.is_active.load(Ordering::Relaxed) && self.is_active.swap(false, Ordering::Relaxed) {
            tracing::info!("rate limits count on the cache backend again");
        }
    }

    pub(super) fn forget(&self, keys: &[StoredKey]) {
        for key in keys {
            self.store.forget(key);
        }
    }
}
