//! The slots of tags.

use moka::ops::compute::Op;

use super::MemoryBackend;
use crate::clock::{Millis, now_ms};
use crate::entry::Token;
use crate::key::StoredKey;
use crate::protocol::TagSlot;

impl MemoryBackend {
    /// Runs one transition of the protocol on a tag, atomically.
    pub(super) fn change_tag<T: Default>(
        &self,
        tag: &StoredKey,
        step: impl FnOnce(TagSlot, Millis) -> (TagSlot, T),
    ) -> T {
        let now = now_ms();
        let mut outcome = T::default();
        self.tags.entry_by_ref(tag).and_compute_with(|found| {
            let (next, result) = step(found.map(moka::Entry::into_value).unwrap_or_default(), now);
            outcome = result;
            if next.is_vacant(now) { Op::Remove } else { Op::Put(next) }
        });
        outcome
    }

    /// The id of each tag, where it has one.
    pub(super) fn live_ids(&self, tags: &[StoredKey]) -> Vec<Option<Token>> {
        tags.iter().map(|tag| self.tags.get(tag).and_then(|tag| tag.id())).collect()
    }
}
