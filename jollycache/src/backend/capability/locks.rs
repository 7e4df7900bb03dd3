//! `Locks`: mutual exclusion between processes.

use std::time::Duration;

use async_trait::async_trait;

use crate::entry::Token;
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::LockAnswer;

/// Locks with fencing tokens. [`Backend::watch`](crate::backend::Backend::watch) watches them as it does keys.
///
/// [`LockSlot`](crate::backend::state::LockSlot) is their state machine.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Takes a lock for `ttl`, unless another token holds it. The holder's own request renews the lock for `ttl` from now,
    /// under the same fence, so that a request that is sent twice is harmless.
    ///
    /// A fence is greater than every one before it under the same name, also after the store lost those: it starts
    /// from the time in microseconds.
    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer>;

    /// Moves the end of a lock to `ttl` from now, if `token` still holds it. Returns whether it does.
    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool>;

    /// Releases a lock and notifies its watchers, if `token` still holds it. Returns whether it did.
    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool>;
}
