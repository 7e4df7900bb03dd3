//! The retry queue: invalidations that could not be delivered, and what is bypassed until they are.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::entry::RegionId;
use crate::key::{StoredKey, glob_matches};

/// The most invalidations that wait. One more, and all of them become a single one of everything.
pub(crate) const MAX_PENDING: usize = 10_000;

/// One undelivered invalidation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pending {
    Key(StoredKey),
    Tag(StoredKey),
    /// All keys that a glob over stored names matches.
    Matching(Box<str>),
    /// All entries of a region.
    Region(RegionId),
}

/// When an invalidation was queued, and for how long after its delivery nothing may be filled.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    number: u64,
    grace: Duration,
}

/// The pending invalidations by age, with indexes, so that a look-up costs the same however many wait.
#[derive(Debug, Default)]
struct Queue {
    by_age: BTreeMap<u64, Pending>,
    waiting: HashMap<Pending, Waiting>,
    patterns: BTreeSet<u64>,
    regions: HashSet<RegionId>,
    next_number: u64,
}

impl Queue {
    fn push(&mut self, pending: Pending, grace: Duration) {
        // The same one again: the later counts, since a value may have come in between, and the longer grace.
        let grace = self.remove(&pending).map_or(grace, |earlier| earlier.grace.max(grace));
        let number = self.next_number;
        self.next_number += 1;
        match &pending {
            Pending::Matching(_) => drop(self.patterns.insert(number)),
            Pending::Region(region) => drop(self.regions.insert(*region)),
            Pending::Key(_) | Pending::Tag(_) => {}
        }
        self.waiting.insert(pending.clone(), Waiting { number, grace });
        self.by_age.insert(number, pending);
    }

    fn remove(&mut self, pending: &Pending) -> Option<Waiting> {
        let removed = self.waiting.remove(pending)?;
        self.by_age.remove(&removed.number);
        match pending {
            Pending::Matching(_) => drop(self.patterns.remove(&removed.number)),
            Pending::Region(region) => drop(self.regions.remove(region)),
            Pending::Key(_) | Pending::Tag(_) => {}
        }
        Some(removed)
    }

    /// Replaces all that wait by `everything`, which includes each of them.
    fn collapse(&mut self, everything: &Pending) {
        let grace = self.waiting.values().map(|waiting| waiting.grace).max().unwrap_or_default();
        *self = Queue { next_number: self.next_number, ..Queue::default() };
        self.push(everything.clone(), grace);
    }

    fn coverage(&self, key: &StoredKey, tags: &[StoredKey], region: RegionId) -> Coverage {
        let waits = |pending: Pending| self.waiting.contains_key(&pending);
        let matches = |number| match self.by_age.get(number) {
            Some(Pending::Matching(glob)) => glob_matches(glob.as_bytes(), key.as_str().as_bytes()),
            _ => false,
        };
        if waits(Pending::Key(key.clone()))
            || tags.iter().any(|tag| waits(Pending::Tag(tag.clone())))
            || self.regions.contains(&region)
            || self.patterns.iter().any(matches)
        {
            Coverage::Key
        } else if self.regions.is_empty() {
            Coverage::Nothing
        } else {
            Coverage::Regions(self.regions.iter().copied().collect())
        }
    }
}

/// What a read may not be answered with, because its invalidation was not delivered when the read began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Coverage {
    #[default]
    Nothing,
    /// Whatever is cached under the key.
    Key,
    /// Entries of these regions. The region of an entry is in its header, and need not be the one that the reader named.
    Regions(Arc<[RegionId]>),
}

impl Coverage {
    /// Whether there is no use in reading.
    pub(crate) fn is_of_key(&self) -> bool {
        *self == Coverage::Key
    }

    /// Whether it includes an entry of `region` under the key.
    pub(crate) fn includes(&self, region: RegionId) -> bool {
        match self {
            Coverage::Nothing => false,
            Coverage::Key => true,
            Coverage::Regions(regions) => regions.contains(&region),
        }
    }
}

/// Some of the oldest invalidations, each with its grace.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) invalidations: Vec<(Pending, Duration)>,
    /// The number of the youngest.
    up_to: u64,
}

impl Batch {
    /// One batch for each invalidation.
    pub(crate) fn split(self) -> impl Iterator<Item = Batch> {
        let up_to = self.up_to;
        self.invalidations.into_iter().map(move |one| Batch { invalidations: vec![one], up_to })
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct RetryQueue {
    /// What the queue becomes when it is full.
    everything: Pending,
    /// So that a call with nothing pending pays one load.
    length: AtomicUsize,
    queue: Mutex<Queue>,
}

impl RetryQueue {
    /// Nothing waits yet. `glob` matches every key of the namespace.
    pub(crate) fn new(glob: &str) -> Self {
        RetryQueue {
            everything: Pending::Matching(glob.into()),
            length: AtomicUsize::new(0),
            queue: Mutex::default(),
        }
    }

    /// Queues invalidations, each to be delivered with `grace`. Returns whether the queue was full, and has just become
    /// one invalidation of everything.
    pub(crate) fn push(&self, pending: impl IntoIterator<Item = Pending>, grace: Duration) -> bool {
        let mut queue = self.lock();
        let was_everything = queue.waiting.contains_key(&self.everything);
        let mut overflowed = false;
        for pending in pending {
            queue.push(pending, grace);
            if queue.by_age.len() > MAX_PENDING {
                queue.collapse(&self.everything);
                overflowed = true;
            }
        }
        self.length.store(queue.by_age.len(), Ordering::Release);
        overflowed && !was_everything
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// What a read that begins now may not be answered with.
    ///
    /// To be computed before the read is sent. An invalidation that is delivered by then has taken effect in the backend;
    /// one that is delivered later may have been overtaken by the read, and would not be found here afterwards.
    pub(crate) fn coverage(&self, key: &StoredKey, tags: &[StoredKey], region: RegionId) -> Coverage {
        if self.len() == 0 { Coverage::Nothing } else { self.lock().coverage(key, tags, region) }
    }

    /// Whether what is cached under `key`, with these tags and in this region, may be invalid.
    pub(crate) fn covers(&self, key: &StoredKey, tags: &[StoredKey], region: RegionId) -> bool {
        self.coverage(key, tags, region).is_of_key()
    }

    /// Up to `most` of the oldest, which stay queued until [`RetryQueue::delivered`].
    pub(crate) fn batch(&self, most: usize) -> Batch {
        let queue = self.lock();
        let oldest = || queue.by_age.iter().take(most);
        let grace = |pending| queue.waiting.get(pending).map_or(Duration::ZERO, |waiting| waiting.grace);
        Batch {
            invalidations: oldest().map(|(_, pending)| (pending.clone(), grace(pending))).collect(),
            up_to: oldest().next_back().map_or(0, |(number, _)| *number),
        }
    }

    /// Removes a delivered batch. Targets that were queued again meanwhile stay.
    pub(crate) fn delivered(&self, batch: &Batch) {
        let mut queue = self.lock();
        for (pending, _) in &batch.invalidations {
            if queue.waiting.get(pending).is_some_and(|waiting| waiting.number <= batch.up_to) {
                queue.remove(pending);
            }
        }
        self.length.store(queue.by_age.len(), Ordering::Release);
    }

    /// The batch was refused: it goes to the end of the queue, behind what may be taken.
    pub(crate) fn postpone(&self, batch: Batch) {
        for (pending, grace) in batch.invalidations {
            self.push([pending], grace);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: RegionId = RegionId(7);
    const OTHER: RegionId = RegionId(8);

    fn name(text: &str) -> StoredKey {
        StoredKey::found(text)
    }

    fn key(text: &str) -> Pending {
        Pending::Key(name(text))
    }

    fn queued(pending: impl IntoIterator<Item = Pending>) -> RetryQueue {
        let queue = RetryQueue::new("ns:*");
        assert!(!queue.push(pending, Duration::ZERO));
        queue
    }

    #[test]
    fn covers_keys_tags_and_patterns_until_delivered() {
        let queue = queued([key("a"), Pending::Tag(name("t")), Pending::Matching("list:*".into())]);
        let batch = queue.batch(10);
        assert_eq!(batch.invalidations.len(), 3);
        assert!(queue.covers(&name("a"), &[], REGION));
        assert!(queue.covers(&name("b"), &[name("t")], REGION));
        assert!(queue.covers(&name("list:1"), &[], REGION));
        assert!(!queue.covers(&name("b"), &[name("u")], REGION));
        queue.delivered(&batch);
        assert!(!queue.covers(&name("a"), &[name("t")], REGION));
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_region_covers_its_readers_and_its_entries_for_other_readers() {
        let queue = queued([Pending::Region(REGION)]);
        assert_eq!(queue.coverage(&name("a"), &[], REGION), Coverage::Key);
        let coverage = queue.coverage(&name("a"), &[], OTHER);
        assert!(!coverage.is_of_key());
        assert!(coverage.includes(REGION) && !coverage.includes(OTHER));
        queue.delivered(&queue.batch(1));
        assert_eq!(queue.coverage(&name("a"), &[], REGION), Coverage::Nothing);
        assert!(coverage.includes(REGION), "a read that began before the delivery");
    }

    #[test]
    fn what_is_queued_again_during_delivery_stays() {
        let queue = queued([key("a"), key("b")]);
        let batch = queue.batch(10);
        queue.push([key("a")], Duration::ZERO);
        queue.delivered(&batch);
        assert!(queue.covers(&name("a"), &[], REGION));
        assert!(!queue.covers(&name("b"), &[], REGION));
    }

    #[test]
    fn of_two_graces_of_one_target_the_longest_is_delivered() {
        const SHORT: Duration = Duration::from_secs(1);
        const LONG: Duration = Duration::from_secs(2);
        for [first, second] in [[SHORT, LONG], [LONG, SHORT]] {
            let queue = RetryQueue::new("ns:*");
            queue.push([key("a")], first);
            queue.push([key("a")], second);
            queue.push([key("b")], SHORT);
            assert_eq!(queue.batch(10).invalidations, [(key("a"), LONG), (key("b"), SHORT)]);
        }
    }

    #[test]
    fn a_full_queue_becomes_one_invalidation_of_everything() {
        let queue = RetryQueue::new("ns:*");
        queue.push([key("ns:first")], Duration::from_secs(3));
        let keys = || (0..MAX_PENDING).map(|i| key(&format!("ns:{i}")));
        assert!(queue.push(keys(), Duration::ZERO), "it overflowed");
        assert_eq!(queue.len(), 1);
        for covered in ["ns:first", "ns:0", "ns:never-evicted"] {
            assert!(queue.covers(&name(covered), &[], REGION));
        }
        let everything = (Pending::Matching("ns:*".into()), Duration::from_secs(3));
        assert_eq!(queue.batch(10).invalidations, [everything]);
        assert!(!queue.push(keys(), Duration::ZERO), "it did so before");
        assert!(queue.len() <= MAX_PENDING);
    }

    #[test]
    fn what_comes_while_everything_is_delivered_waits_for_itself() {
        let queue = RetryQueue::new("ns:*");
        queue.push((0..=MAX_PENDING).map(|i| key(&format!("ns:{i}"))), Duration::ZERO);
        let batch = queue.batch(10);
        queue.push([key("ns:1")], Duration::ZERO);
        queue.delivered(&batch);
        assert!(queue.covers(&name("ns:1"), &[], REGION));
        assert!(!queue.covers(&name("ns:2"), &[], REGION));
    }
}
