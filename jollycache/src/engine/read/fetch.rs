//! Reading what is there, and judging whether it may be served.

use super::reader::Reader;
use crate::backend::Read;
use crate::entry::{Entry, TagStamp, Token};
use crate::error::Result;
use crate::policy::Consistency;
use crate::tracker::Count;

/// The entry that a lookup found, if it may be served, and the ids of the declared tags.
pub(super) type Fetched = (Option<Entry>, Vec<Option<Token>>);

impl Reader<'_> {
    /// The entry, if it may be served, fresh or stale. Loads nothing.
    pub(crate) async fn peek(self) -> Result<Option<Entry>> {
        self.engine.ensure_worker();
        if self.lookup.undelivered.is_of_key() {
            self.lookup.region.tracker.count(Count::Bypass);
            return Ok(None);
        }
        Ok(self.fetch().await?.0)
    }

    /// Reads the entry, if it may be served, and the ids of the declared tags.
    pub(super) async fn fetch(self) -> Result<Fetched> {
        let read = self.call()?.read(&self.lookup.key, &self.lookup.tag_keys);
        let Read { entry, tag_ids } = read.await?;
        let Some(entry) = entry else { return Ok((None, tag_ids)) };
        let usable = self.may_serve(&entry, &self.lookup.stamps(&tag_ids)).await?;
        Ok((usable.then_some(entry), tag_ids))
    }

    /// Whether the entry is readable and none of its tags was invalidated. `live` are the declared tags' ids.
    pub(super) async fn may_serve(self, entry: &Entry, live: &[TagStamp]) -> Result<bool> {
        let Some(unproven) = self.unproven_tags(entry, live) else { return Ok(false) };
        if unproven.is_empty() {
            return Ok(true);
        }
        // A round trip more, only for entries that were stored with more tags than their readers declare.
        let keys: Vec<_> = unproven.iter().map(|tag| self.engine.namespace().tag_name(&tag.name)).collect();
        let (_, ids) = self.call()?.read_many(&[], &keys).await?;
        Ok(ids.len() == unproven.len() && unproven.iter().zip(ids).all(|(tag, id)| id == Some(tag.id)))
    }

    /// The tags whose ids are still to be read before the entry may be served; `None` if it may not in any case.
    /// `live` are the declared tags' ids.
    pub(super) fn unproven_tags<'e>(self, entry: &'e Entry, live: &[TagStamp]) -> Option<Vec<&'e TagStamp>> {
        if self.lookup.undelivered.includes(entry.region) {
            return None;
        }
        if !self.lookup.can_read(entry) {
            self.lookup.region.tracker.count(Count::UnreadableEntry);
            return None;
        }
        if live.len() < self.lookup.tags.len() || !entry.carries(live) {
            return None;
        }
        if self.lookup.policy.consistency == Consistency::Ttl {
            return Some(Vec::new());
        }
        let unproven: Vec<_> = entry.tags.iter().filter(|tag| !live.contains(tag)).collect();
        if unproven.is_empty() {
            return Some(unproven);
        }
        // Before the ids are read: what is delivered by then is observed in them.
        let keys: Vec<_> = unproven.iter().map(|tag| self.engine.namespace().tag_name(&tag.name)).collect();
        (!self.engine.retry_queue.covers(&self.lookup.key, &keys, self.lookup.region.id)).then_some(unproven)
    }
}
