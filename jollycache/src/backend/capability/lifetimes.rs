//! `Lifetimes`: reading and changing when a stored value ends.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;
use crate::key::StoredKey;

/// The lifetimes of stored values.
#[async_trait]
pub trait Lifetimes: Send + Sync {
    /// The remaining lifetime of a value, its stale window included; `None` without a value.
    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>>;

    /// Gives a value a new lifetime from now, without a stale window. Returns whether there was a value.
    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool>;
}
