//! Reading what is there, and judging whether it may be served: one key, or many in one round trip.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::lookup::Lookup;
use crate::backend::Read;
use crate::engine::Engine;
use crate::entry::{Entry, TagStamp, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::policy::Consistency;
use crate::tracker::Count;

/// The entry that a lookup found, if it may be served, and the ids of the declared tags.
pub(super) type Fetched = (Option<Entry>, Vec<Option<Token>>);

impl Engine {
    /// The entry, if it may be served, fresh or stale. Loads nothing.
    pub(crate) async fn peek(self: &Arc<Self>, lookup: &Lookup) -> Result<Option<Entry>> {
        self.ensure_worker();
        if lookup.undelivered.is_of_key() {
            lookup.region.tracker.count(Count::Bypass);
            return Ok(None);
        }
        Ok(self.fetch(lookup).await?.0)
    }

    /// As [`Engine::peek`], for many, with one round trip and one more if entries carry tags that are not declared.
    pub(crate) async fn peek_many(self: &Arc<Self>, lookups: &[Lookup]) -> Result<Vec<Option<Entry>>> {
        self.ensure_worker();
        for lookup in lookups.iter().filter(|lookup| lookup.undelivered.is_of_key()) {
            lookup.region.tracker.count(Count::Bypass);
        }
        let lookups: Vec<_> = lookups.iter().collect();
        Ok(self.fetch_many(&lookups).await?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// Reads the entry, if it may be served, and the ids of the declared tags.
    pub(super) async fn fetch(&self, lookup: &Lookup) -> Result<Fetched> {
        let read = lookup.call(&self.store)?.read(&lookup.key, &lookup.tag_keys);
        let Read { entry, tag_ids } = read.await?;
        let Some(entry) = entry else { return Ok((None, tag_ids)) };
        let usable = self.may_serve(lookup, &entry, &lookup.stamps(&tag_ids)).await?;
        Ok((usable.then_some(entry), tag_ids))
    }

    /// As [`Engine::fetch`], for lookups of one region and policy. Those that an undelivered invalidation covers are not
    /// read.
    pub(super) async fn fetch_many(&self, lookups: &[&Lookup]) -> Result<Vec<Fetched>> {
        let Some(first) = lookups.first() else { return Ok(Vec::new()) };
        let readable = || lookups.iter().filter(|lookup| !lookup.undelivered.is_of_key());
        let keys: Vec<_> = readable().map(|lookup| lookup.key.clone()).collect();
        let tags: BTreeSet<_> = readable().flat_map(|lookup| lookup.tag_keys.iter().cloned()).collect();
        let (mut entries, live) = self.read_together(first, &keys, tags).await?;
        let mut fetched = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            let read = if lookup.undelivered.is_of_key() { None } else { entries.next().flatten() };
            let tag_ids = lookup.tag_keys.iter().map(|tag| live.get(tag).copied()).collect();
            fetched.push((read, tag_ids));
        }
        self.refuse_invalid(first, lookups, &mut fetched).await?;
        Ok(fetched)
    }

    /// Takes out the entries that may not be served.
    async fn refuse_invalid(
        &self,
        first: &Lookup,
        lookups: &[&Lookup],
        fetched: &mut [Fetched],
    ) -> Result<()> {
        let mut to_check = HashSet::new();
        for (lookup, (entry, tag_ids)) in lookups.iter().zip(fetched.iter_mut()) {
            let Some(read) = entry else { continue };
            match self.unproven_tags(lookup, read, &lookup.stamps(tag_ids)) {
                Some(tags) => {
                    to_check.extend(tags.into_iter().map(|tag| self.namespace().tag_name(&tag.name)));
                }
                None => *entry = None,
            }
        }
        if to_check.is_empty() {
            return Ok(());
        }
        let (_, live) = self.read_together(first, &[], to_check.iter().cloned().collect()).await?;
        for (entry, _) in fetched {
            let is_invalid = |tag: &TagStamp| {
                let name = self.namespace().tag_name(&tag.name);
                to_check.contains(&name) && live.get(&name) != Some(&tag.id)
            };
            *entry = entry.take().filter(|entry| !entry.tags.iter().any(is_invalid));
        }
        Ok(())
    }

    /// Reads in one round trip. Returns the entries in the order of `keys`, and the ids of the tags that have one.
    async fn read_together(
        &self,
        first: &Lookup,
        keys: &[StoredKey],
        tags: BTreeSet<StoredKey>,
    ) -> Result<(impl Iterator<Item = Option<Entry>> + use<>, HashMap<StoredKey, Token>)> {
        let tags: Vec<_> = tags.into_iter().collect();
        let (entries, ids) = if keys.is_empty() && tags.is_empty() {
            Default::default()
        } else {
            first.call(&self.store)?.read_many(keys, &tags).await?
        };
        let live = tags.into_iter().zip(ids).filter_map(|(tag, id)| id.map(|id| (tag, id))).collect();
        Ok((entries.into_iter(), live))
    }

    /// Whether the entry is readable and none of its tags was invalidated. `live` are the declared tags' ids.
    pub(super) async fn may_serve(&self, lookup: &Lookup, entry: &Entry, live: &[TagStamp]) -> Result<bool> {
        let Some(unproven) = self.unproven_tags(lookup, entry, live) else { return Ok(false) };
        if unproven.is_empty() {
            return Ok(true);
        }
        // A round trip more, only for entries that were stored with more tags than their readers declare.
        let keys: Vec<_> = unproven.iter().map(|tag| self.namespace().tag_name(&tag.name)).collect();
        let (_, ids) = lookup.call(&self.store)?.read_many(&[], &keys).await?;
        Ok(ids.len() == unproven.len() && unproven.iter().zip(ids).all(|(tag, id)| id == Some(tag.id)))
    }

    /// The tags whose ids are still to be read before the entry may be served; `None` if it may not in any case.
    /// `live` are the declared tags' ids.
    fn unproven_tags<'e>(
        &self,
        lookup: &Lookup,
        entry: &'e Entry,
        live: &[TagStamp],
    ) -> Option<Vec<&'e TagStamp>> {
        if lookup.undelivered.includes(entry.region) {
            return None;
        }
        if !lookup.can_read(entry) {
            lookup.region.tracker.count(Count::UnreadableEntry);
            return None;
        }
        if live.len() < lookup.tags.len() || !entry.carries(live) {
            return None;
        }
        if lookup.policy.consistency == Consistency::Ttl {
            return Some(Vec::new());
        }
        let unproven: Vec<_> = entry.tags.iter().filter(|tag| !live.contains(tag)).collect();
        if unproven.is_empty() {
            return Some(unproven);
        }
        // Before the ids are read: what is delivered by then is observed in them.
        let keys: Vec<_> = unproven.iter().map(|tag| self.namespace().tag_name(&tag.name)).collect();
        (!self.retry_queue.covers(&lookup.key, &keys, lookup.region.id)).then_some(unproven)
    }
}
