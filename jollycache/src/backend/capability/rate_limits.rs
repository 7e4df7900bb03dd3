//! `RateLimits`: how much each subject of a rate limit has used.

use async_trait::async_trait;

use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::{RateMode, RateRequest, RateVerdict};

/// Rate limits, by subject.
///
/// [`RateSlot`](crate::backend::state::RateSlot) is their state machine.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Judges `requests` together, and with [`RateMode::Take`] takes from each if all have room, from none otherwise: atomic
    /// over all their keys. Verdicts come in the order of `requests`, and describe the time after what was taken.
    ///
    /// Time is the store's. After its clock was set back, nothing counts for more than a window longer, and nothing is
    /// forgotten.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for what [`RateRequest::check`] refuses.
    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>>;

    /// Deletes what was used under each of `keys`, so that they start anew.
    async fn forget_rates(&self, keys: &[StoredKey]) -> Result<()>;
}
