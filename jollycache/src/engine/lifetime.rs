//! How long the ids of tags live: as long as the entries that carry them. One that ended earlier would make them misses.

use std::time::Duration;

use futures_util::future::try_join;

use super::Engine;
use crate::backend::Capability;
use crate::entry::{Draft, TagStamp};
use crate::error::Result;
use crate::key::StoredKey;
use crate::region::Region;

impl Engine {
    /// Lets the ids that a draft carries last as long as the draft.
    pub(crate) async fn extend_tags(&self, region: &Region, timeout: Duration, draft: &Draft) -> Result<()> {
        self.extend_ids(region, timeout, &draft.tags, draft.ttl.saturating_add(draft.stale)).await
    }

    /// Gives a value a new lifetime from now, without a stale window. Returns whether there was one.
    pub(crate) async fn expire(
        &self,
        region: &Region,
        timeout: Duration,
        key: &StoredKey,
        ttl: Duration,
    ) -> Result<bool> {
        self.store.require(Capability::Lifetimes, "expire")?;
        let read = self.store.call(region, timeout)?.read(key, &[]).await?;
        let Some(entry) = read.entry else { return Ok(false) };
        let expire = self.store.call(region, timeout)?.expire(key, ttl);
        let (expired, ()) = try_join(expire, self.extend_ids(region, timeout, &entry.tags, ttl)).await?;
        Ok(expired)
    }

    async fn extend_ids(
        &self,
        region: &Region,
        timeout: Duration,
        tags: &[TagStamp],
        lifetime: Duration,
    ) -> Result<()> {
        if tags.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = tags.iter().map(|tag| self.namespace().tag_name(&tag.name)).collect();
        self.store.call(region, timeout)?.extend_tags(&names, lifetime).await
    }
}
