//! `CoreBackend`: a store of which only the core is visible, so that every default of `Backend` is in use.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jollycache::Result;
use jollycache::backend::{
    Backend, Draft, Entry, Filled, Keyspace, Lease, LeaseRequest, RegionId, RunId, Token, Watch, WriteEnd,
};
use jollycache::key::StoredKey;

/// Passes the required methods of [`Backend`] on, and no others.
#[derive(Debug)]
pub struct CoreBackend {
    inner: Arc<dyn Backend>,
    has_keyspace: bool,
}

impl CoreBackend {
    /// Without any capability.
    pub fn over(inner: Arc<dyn Backend>) -> Self {
        CoreBackend { inner, has_keyspace: false }
    }

    /// With the keyspace as its only capability, over which evictions by pattern run by default.
    pub fn with_keyspace(inner: Arc<dyn Backend>) -> Self {
        CoreBackend { inner, has_keyspace: true }
    }
}

#[async_trait]
impl Backend for CoreBackend {
    fn name(&self) -> &'static str {
        "core"
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        self.inner.read_many(keys, tags).await
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        self.inner.tag_ids(tags).await
    }

    async fn run(&self) -> Result<RunId> {
        self.inner.run().await
    }

    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease> {
        self.inner.lease(request).await
    }

    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>> {
        self.inner.take_lease(key, region, token, ttl).await
    }

    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled> {
        self.inner.fill(key, token, draft, tags).await
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        self.inner.release(key, token).await
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        self.inner.invalidate(keys, tags, grace).await
    }

    async fn begin_write(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<()> {
        self.inner.begin_write(key, region, token, ttl).await
    }

    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool> {
        self.inner.end_write(key, token, end).await
    }

    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()> {
        self.inner.close_tags(tags, token, ttl).await
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        self.inner.open_tags(tags, token, grace).await
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        self.inner.watch(key).await
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        self.inner.keyspace().filter(|_| self.has_keyspace)
    }
}
