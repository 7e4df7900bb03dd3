//! `Generations`: whether something may have been evicted since a value was read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use super::EvictionScope;
use crate::entry::RegionId;
use crate::key::StoredKey;

/// The evictions that one process has processed, by hash of what they named.
///
/// Each slot holds the number of the last eviction of something with that hash. Names that share a slot evict each
/// other, which costs a hit and never serves an old value. Reading takes no lock.
#[derive(Debug)]
pub struct Generations {
    /// How many evictions were processed.
    present: AtomicU64,
    /// The last one that was about everything.
    everything: AtomicU64,
    slots: Box<[AtomicU64]>,
}

/// A time between two evictions. A read notes it before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u64);

/// What a value was read as of, and which slots concern it. It is compared before the value is kept, and again on
/// each hit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stamp {
    since: Generation,
    slots: Box<[usize]>,
}

/// What is hashed; a key and a tag may have one text.
#[derive(Hash)]
enum Name<'a> {
    Key(&'a StoredKey),
    Tag(&'a StoredKey),
    Region(RegionId),
}

impl Generations {
    /// Nothing was evicted. With fewer `slots` than names in use, more hits are lost to names that share one; there is at
    /// least one slot.
    pub fn new(slots: usize) -> Self {
        Generations {
            present: AtomicU64::new(0),
            everything: AtomicU64::new(0),
            slots: (0..slots.max(1)).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The present. To be noted before a read is sent: noted later, it would miss an eviction that the read missed.
    pub fn present(&self) -> Generation {
        Generation(self.present.load(Ordering::Acquire))
    }

    /// The stamp of a value that was read, or whose load's lease was asked for, after `since` was noted. `tags` are all
    /// that the value carries, also those that the reader did not declare.
    pub fn stamp<'a>(
        &self,
        since: Generation,
        region: RegionId,
        key: &'a StoredKey,
        tags: impl IntoIterator<Item = &'a StoredKey>,
    ) -> Stamp {
        let names = [Name::Region(region), Name::Key(key)].into_iter().chain(tags.into_iter().map(Name::Tag));
        Stamp { since, slots: names.map(|name| self.slot_of(&name)).collect() }
    }

    /// Whether nothing that may concern the value was evicted since it was read.
    pub fn is_current(&self, stamp: &Stamp) -> bool {
        let is_older = |eviction: &AtomicU64| eviction.load(Ordering::Acquire) <= stamp.since.0;
        is_older(&self.everything)
            && stamp.slots.iter().all(|&slot| self.slots.get(slot).is_some_and(is_older))
    }

    /// Makes every value that `scope` may concern outdated, those included whose reads are under way.
    pub fn evict(&self, scope: &EvictionScope) {
        let now = self.present.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        match scope {
            EvictionScope::Names { keys, tags } => {
                let names = keys.iter().map(Name::Key).chain(tags.iter().map(Name::Tag));
                for name in names {
                    self.mark(&name, now);
                }
            }
            EvictionScope::Region(region) => self.mark(&Name::Region(*region), now),
            EvictionScope::All => {
                self.everything.fetch_max(now, Ordering::AcqRel);
            }
        }
    }

    fn mark(&self, name: &Name<'_>, now: u64) {
        if let Some(slot) = self.slots.get(self.slot_of(name)) {
            // Not a store: of two threads the one with the older number may come last.
            slot.fetch_max(now, Ordering::AcqRel);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below the number of slots")]
    fn slot_of(&self, name: &Name<'_>) -> usize {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        (hasher.finish() % self.slots.len() as u64) as usize
    }
}

impl Clone for Generations {
    fn clone(&self) -> Self {
        let copy = |counter: &AtomicU64| AtomicU64::new(counter.load(Ordering::Acquire));
        Generations {
            present: copy(&self.present),
            everything: copy(&self.everything),
            slots: self.slots.iter().map(copy).collect(),
        }
    }
}
