//! The state of the backend, as calls see it and as it reports it.

use std::time::Duration;

use super::Cache;
use crate::backend::BackendInfo;
use crate::clock;
use crate::error::Result;

impl Cache {
    /// Sends a ping to the backend and returns the round trip's time.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// println!("the backend answered after {:?}", cache.ping().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn ping(&self) -> Result<Duration> {
        let start = clock::now();
        self.engine.call()?.ping().await?;
        Ok(clock::now().saturating_duration_since(start))
    }

    /// Whether calls use the backend; `false` while the circuit breaker is open.
    ///
    /// A backend that answers with an error leaves the breaker closed, also if that is its answer to every call: a Redis
    /// user without permission for `INFO`, for example. [`Cache::ping`] returns that error.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert!(cache.is_connected());
    /// # Ok(()) }
    /// ```
    pub fn is_connected(&self) -> bool {
        self.engine.store.is_connected()
    }

    /// Version, memory and key counts of the backend.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.info().await?.backend, "memory");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn info(&self) -> Result<BackendInfo> {
        self.engine.call()?.info().await
    }
}
