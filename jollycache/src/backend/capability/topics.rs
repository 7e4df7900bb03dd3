//! `Topics`: messages between processes.

use async_trait::async_trait;
use bytes::Bytes;

use crate::backend::notify::Subscription;
use crate::error::Result;
use crate::key::StoredKey;

/// Topics: publish and subscribe. They carry the events that a cache publishes of its invalidations.
///
/// A topic belongs to the store's server as a whole, whatever part of it the entries are in.
#[async_trait]
pub trait Topics: Send + Sync {
    /// Sends a message to all present subscribers of `topic`. The messages of one caller that awaits each call arrive in
    /// order. Best effort: messages may be lost, and later subscribers do not receive them.
    async fn publish(&self, topic: &StoredKey, message: Bytes) -> Result<()>;

    /// Subscribes to `topic`. Each message that is published after this returned is received, or a
    /// [`Delivery::Missed`](crate::backend::Delivery::Missed) in its place.
    async fn subscribe(&self, topic: &StoredKey) -> Result<Subscription>;
}
