//! The repair queue: invalidations that could not be delivered, and what is bypassed until they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::entry::RegionId;
use crate::key::{StoredKey, glob_matches};

/// The most invalidations that wait; the oldest falls when a new one comes.
pub(crate) const MAX_PENDING: usize = 10_000;

/// One undelivered invalidation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pending {
    Key(StoredKey),
    Tag(StoredKey),
    Matching { glob: String, region: Option<RegionId> },
}

/// The pending invalidations by age, with indexes, so that a look-up costs the same however many wait.
#[derive(Debug, Default)]
struct Queue {
    by_age: BTreeMap<u64, Pending>,
    numbers: HashMap<Pending, u64>,
    patterns: BTreeSet<u64>,
    next_number: u64,
}

impl Queue {
    fn push(&mut self, pending: Pending) {
        let number = self.next_number;
        self.next_number += 1;
        if matches!(pending, Pending::Matching { .. }) {
            self.patterns.insert(number);
        }
        // The same one again: the later counts, since a value may have come in between.
        if let Some(earlier) = self.numbers.insert(pending.clone(), number) {
            self.by_age.remove(&earlier);
            self.patterns.remove(&earlier);
        }
        self.by_age.insert(number, pending);
    }

    fn pop_oldest(&mut self) {
        if let Some((number, pending)) = self.by_age.pop_first() {
            self.numbers.remove(&pending);
            self.patterns.remove(&number);
        }
    }

    fn covers(&self, key: &StoredKey, tags: &[StoredKey], region: RegionId) -> bool {
        let has = |pending: Pending| self.numbers.contains_key(&pending);
        has(Pending::Key(key.clone()))
            || tags.iter().any(|tag| has(Pending::Tag(tag.clone())))
            || self.patterns.iter().filter_map(|number| self.by_age.get(number)).any(
                |pending| match pending {
                    Pending::Matching { glob, region: only } => {
                        only.is_none_or(|only| only == region)
                            && glob_matches(glob.as_bytes(), key.as_str().as_bytes())
                    }
                    Pending::Key(_) | Pending::Tag(_) => false,
                },
            )
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Repair {
    /// So that a call with nothing pending pays one load.
    length: AtomicUsize,
    queue: Mutex<Queue>,
}

impl Repair {
    /// Queues an invalidation. Returns how many old ones fell to make room.
    pub(crate) fn push(&self, pending: impl IntoIterator<Item = Pending>) -> usize {
        let mut queue = self.lock();
        let mut fallen = 0;
        for pending in pending {
            queue.push(pending);
            if queue.by_age.len() > MAX_PENDING {
                queue.pop_oldest();
                fallen += 1;
            }
        }
        self.length.store(queue.by_age.len(), Ordering::Release);
        fallen
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// Whether what is cached under `key` may be invalid for all this process knows.
    pub(crate) fn covers(&self, key: &StoredKey, tags: &[StoredKey], region: RegionId) -> bool {
        self.len() > 0 && self.lock().covers(key, tags, region)
    }

    /// Up to `most` of the oldest, which stay queued, and the number that [`Repair::delivered`] takes.
    pub(crate) fn batch(&self, most: usize) -> (Vec<Pending>, u64) {
        let queue = self.lock();
        let batch = queue.by_age.iter().take(most);
        let up_to = batch.clone().next_back().map_or(0, |(number, _)| *number);
        (batch.map(|(_, pending)| pending.clone()).collect(), up_to)
    }

    /// Everything up to this number has been delivered. What was queued again meanwhile stays.
    pub(crate) fn delivered(&self, up_to: u64) {
        let mut queue = self.lock();
        while queue.by_age.first_key_value().is_some_and(|(number, _)| *number <= up_to) {
            queue.pop_oldest();
        }
        self.length.store(queue.by_age.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: RegionId = RegionId(7);

    fn name(text: &str) -> StoredKey {
        StoredKey::found(text)
    }

    #[test]
    fn covers_keys_tags_and_patterns_until_delivered() {
        let repair = Repair::default();
        repair.push([
            Pending::Key(name("a")),
            Pending::Tag(name("t")),
            Pending::Matching { glob: "list:*".into(), region: None },
        ]);
        let (batch, up_to) = repair.batch(10);
        assert_eq!(batch.len(), 3);
        assert!(repair.covers(&name("a"), &[], REGION));
        assert!(repair.covers(&name("b"), &[name("t")], REGION));
        assert!(repair.covers(&name("list:1"), &[], REGION));
        assert!(!repair.covers(&name("b"), &[name("u")], REGION));
        repair.delivered(up_to);
        assert!(!repair.covers(&name("a"), &[name("t")], REGION));
    }

    #[test]
    fn what_is_queued_again_during_delivery_stays() {
        let repair = Repair::default();
        repair.push([Pending::Key(name("a")), Pending::Key(name("b"))]);
        let (_, up_to) = repair.batch(10);
        repair.push([Pending::Key(name("a"))]);
        repair.delivered(up_to);
        assert!(repair.covers(&name("a"), &[], REGION));
        assert!(!repair.covers(&name("b"), &[], REGION));
    }

    #[test]
    fn the_newest_wins_when_it_is_full() {
        let repair = Repair::default();
        let fallen = repair.push((0..=MAX_PENDING).map(|i| Pending::Key(name(&i.to_string()))));
        assert_eq!(fallen, 1);
        assert_eq!(repair.len(), MAX_PENDING);
        assert!(!repair.covers(&name("0"), &[], REGION));
        assert!(repair.covers(&name(&MAX_PENDING.to_string()), &[], REGION));
    }
}
