//! `Local`: the limits of this process alone, for the time that the backend is away.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::{RateMode, RateRequest, RateStore, RateVerdict};
use crate::error::{Error, Result};
use crate::key::StoredKey;

/// It counts nothing while the backend answers, so that an outage begins with empty counts.
#[derive(Debug)]
pub(super) struct Local {
    store: RateStore,
    /// Whether the last question was answered here, so that an outage is told once.
    is_asked: AtomicBool,
}

impl Local {
    pub(super) fn new() -> Self {
        Local { store: RateStore::new(), is_asked: AtomicBool::new(false) }
    }

    /// The backend failed with `error`.
    pub(super) fn admit(
        &self,
        error: &Error,
        requests: &[RateRequest<'_>],
        mode: RateMode,
    ) -> Result<Vec<RateVerdict>> {
        if !self.is_asked.swap(true, Ordering::Relaxed) {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "rate limits count in this process alone until the cache backend answers");
        }
        self.store.admit(requests, mode)
    }

    /// The backend answered.
    pub(super) fn rest(&self) {
        if self.is_asked.load(Ordering::Relaxed) && self.is_asked.swap(false, Ordering::Relaxed) {
            tracing::info!("rate limits count on the cache backend again");
        }
    }

    pub(super) fn forget(&self, keys: &[StoredKey]) {
        for key in keys {
            self.store.forget(key);
        }
    }
}
