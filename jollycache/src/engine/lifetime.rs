//! How long the ids of tags live: as long as the entries that carry them. One that ended earlier would make them misses.

use std::time::Duration;

use futures_util::future::try_join;

use crate::backend::Capability;
use crate::entry::{Draft, TagStamp};
use crate::error::Result;
use crate::key::StoredKey;
use crate::region::Region;
use crate::store::{Call, Store};

/// Changes of lifetimes in a store, on behalf of a call: its region counts what fails, and its timeout bounds each
/// operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes<'a> {
    pub(super) store: &'a Store,
    pub(super) region: &'a Region,
    pub(super) timeout: Duration,
}

impl<'a> Lifetimes<'a> {
    /// Gives a value a new lifetime from now, without a stale window. Returns whether there was one.
    pub(crate) async fn expire(self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        self.store.require(Capability::Lifetimes, "expire")?;
        let read = self.call()?.read(key, &[]).await?;
        let Some(entry) = read.entry else { return Ok(false) };
        let expire = self.call()?.expire(key, ttl);
        let (expired, ()) = try_join(expire, self.extend_ids(&entry.tags, ttl)).await?;
        Ok(expired)
    }

    /// Lets the ids that a draft carries last as long as the draft.
    pub(super) async fn extend_tags(self, draft: &Draft) -> Result<()> {
        self.extend_ids(&draft.tags, draft.ttl.saturating_add(draft.stale)).await
    }

    async fn extend_ids(self, tags: &[TagStamp], lifetime: Duration) -> Result<()> {
        if tags.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = tags.iter().map(|tag| self.store.namespace.tag_name(&tag.name)).collect();
        self.call()?.extend_tags(&names, lifetime).await
    }

    fn call(self) -> Result<Call<'a>> {
        self.store.call(self.region, self.timeout)
    }
}
