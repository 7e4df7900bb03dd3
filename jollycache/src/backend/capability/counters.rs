//! `Counters`: numbers that are added to atomically.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;
use crate::key::StoredKey;

/// Counters: 64-bit signed integers under names of their own.
#[async_trait]
pub trait Counters: Send + Sync {
    /// Adds `delta` to a counter, which starts at zero, and returns the sum. `ttl` is set when the counter is created, and
    /// ignored after that; `None` is no end.
    ///
    /// # Errors
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) if the sum would overflow; the counter keeps its value.
    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64>;
}
