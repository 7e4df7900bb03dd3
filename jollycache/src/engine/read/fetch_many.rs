//! Reading many entries in one round trip.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::fetch::Fetched;
use super::reader::{BatchReader, Reader};
use crate::entry::{Entry, TagStamp, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::tracker::Count;

impl BatchReader<'_> {
    /// As [`Reader::peek`], for each, with one round trip and one more if entries carry tags that are not declared.
    pub(crate) async fn peek(self) -> Result<Vec<Option<Entry>>> {
        self.engine.ensure_worker();
        for lookup in self.lookups.iter().filter(|lookup| lookup.undelivered.is_of_key()) {
            lookup.region.tracker.count(Count::Bypass);
        }
        Ok(self.fetch().await?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// As [`Reader::fetch`], for each. Those that an undelivered invalidation covers are not read.
    pub(super) async fn fetch(self) -> Result<Vec<Fetched>> {
        let Some(first) = self.each().next() else { return Ok(Vec::new()) };
        let readable = || self.lookups.iter().filter(|lookup| !lookup.undelivered.is_of_key());
        let keys: Vec<_> = readable().map(|lookup| lookup.key.clone()).collect();
        let tags: BTreeSet<_> = readable().flat_map(|lookup| lookup.tag_keys.iter().cloned()).collect();
        let (mut entries, live) = first.read_together(&keys, tags).await?;
        let mut fetched = Vec::with_capacity(self.lookups.len());
        for lookup in self.lookups {
            let read = if lookup.undelivered.is_of_key() { None } else { entries.next().flatten() };
            let tag_ids = lookup.tag_keys.iter().map(|tag| live.get(tag).copied()).collect();
            fetched.push((read, tag_ids));
        }
        self.refuse_invalid(first, &mut fetched).await?;
        Ok(fetched)
    }

    /// Takes out the entries that may not be served. `first` reads the ids that this needs.
    async fn refuse_invalid(self, first: Reader<'_>, fetched: &mut [Fetched]) -> Result<()> {
        let namespace = self.engine.namespace();
        let mut to_check = HashSet::new();
        for (reader, (entry, tag_ids)) in self.each().zip(fetched.iter_mut()) {
            let Some(read) = entry else { continue };
            match reader.unproven_tags(read, &reader.lookup.stamps(tag_ids)) {
                Some(tags) => to_check.extend(tags.into_iter().map(|tag| namespace.tag_name(&tag.name))),
                None => *entry = None,
            }
        }
        if to_check.is_empty() {
            return Ok(());
        }
        let (_, live) = first.read_together(&[], to_check.iter().cloned().collect()).await?;
        for (entry, _) in fetched {
            let is_invalid = |tag: &TagStamp| {
                let name = namespace.tag_name(&tag.name);
                to_check.contains(&name) && live.get(&name) != Some(&tag.id)
            };
            *entry = entry.take().filter(|entry| !entry.tags.iter().any(is_invalid));
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// Reads in one round trip. Returns the entries in the order of `keys`, and the ids of the tags that have one.
    async fn read_together(
        self,
        keys: &[StoredKey],
        tags: BTreeSet<StoredKey>,
    ) -> Result<(impl Iterator<Item = Option<Entry>> + use<>, HashMap<StoredKey, Token>)> {
        let tags: Vec<_> = tags.into_iter().collect();
        let (entries, ids) = if keys.is_empty() && tags.is_empty() {
            Default::default()
        } else {
            self.call()?.read_many(keys, &tags).await?
        };
        let live = tags.into_iter().zip(ids).filter_map(|(tag, id)| id.map(|id| (tag, id))).collect();
        Ok((entries.into_iter(), live))
    }
}
