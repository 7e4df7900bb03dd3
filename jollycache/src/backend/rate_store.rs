//! `RateStore`: what each subject of a rate limit has used, in this process.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Store;

use crate::clock::{self, Millis, as_millis};
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::{RateAlgorithm, RateMode, RateRequest, RateRule, RateSlot, RateVerdict};

/// How many bytes are kept, approximately. Beyond that, the least recently used subjects are evicted.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The size of a subject without a log's times, approximately.
const SLOT_BYTES: u64 = 320;

/// Exact as long as subjects are not evicted: requests for the same subjects are serialized.
///
/// Its time is that of the monotonic clock, so that setting the wall clock neither opens nor closes a limit.
pub(crate) struct RateStore {
    slots: Store<StoredKey, Arc<Held>>,
    started: Instant,
}

struct Held {
    rule: RateRule,
    slot: Mutex<RateSlot>,
}

impl Held {
    fn new(rule: &RateRule) -> Arc<Self> {
        Arc::new(Held { rule: *rule, slot: Mutex::new(RateSlot::new(rule)) })
    }

    /// Its size when it is full, because moka weighs it only once.
    fn weight(&self) -> u32 {
        let times = if self.rule.algorithm() == RateAlgorithm::SlidingLog { self.rule.quota() } else { 0 };
        u32::try_from(SLOT_BYTES + 8 * times).unwrap_or(u32::MAX)
    }

    /// After this long without a request nothing counts any more.
    fn lifetime(&self) -> Duration {
        2 * self.rule.window()
    }
}

impl RateStore {
    pub(crate) fn new() -> Self {
        let slots = Store::builder()
            .max_capacity(MAX_BYTES)
            // Not TinyLFU, which may refuse a new subject: its requests would not be counted.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &StoredKey, held: &Arc<Held>| held.weight())
            .expire_after(Unused)
            .build();
        RateStore { slots, started: clock::now() }
    }

    /// As `RateLimits::admit`.
    pub(crate) fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.admit_at(as_millis(clock::now().saturating_duration_since(self.started)), requests, mode)
    }

    fn admit_at(
        &self,
        clock: Millis,
        requests: &[RateRequest<'_>],
        mode: RateMode,
    ) -> Result<Vec<RateVerdict>> {
        RateRequest::check(requests)?;
        let held: Vec<_> = requests.iter().map(|request| self.held(request)).collect();
        let mut in_order: Vec<usize> = (0..requests.len()).collect();
        // All requests lock in the same order, so that there is no deadlock.
        in_order.sort_unstable_by_key(|&place| requests[place].key);
        let lock = |place: usize| (place, held[place].slot.lock().unwrap_or_else(PoisonError::into_inner));
        let mut slots: Vec<_> = in_order.into_iter().map(lock).collect();
        slots.sort_unstable_by_key(|(place, _)| *place);
        let mut slots: Vec<&mut RateSlot> = slots.iter_mut().map(|(_, slot)| &mut **slot).collect();
        Ok(admit_all(clock, requests, mode, &mut slots))
    }

    pub(crate) fn forget(&self, key: &StoredKey) {
        self.slots.invalidate(key);
    }

    fn held(&self, request: &RateRequest<'_>) -> Arc<Held> {
        // A read first, which moka counts as a use.
        let found = self.slots.get(request.key).filter(|held| held.rule == *request.rule);
        found.unwrap_or_else(|| {
            let entry = self.slots.entry_by_ref(request.key);
            let other_rule = |held: &Arc<Held>| held.rule != *request.rule;
            entry.or_insert_with_if(|| Held::new(request.rule), other_rule).into_value()
        })
    }
}

/// Takes from all or from none of the slots.
fn admit_all(
    clock: Millis,
    requests: &[RateRequest<'_>],
    mode: RateMode,
    slots: &mut [&mut RateSlot],
) -> Vec<RateVerdict> {
    let judged: Vec<(Millis, RateVerdict)> = requests
        .iter()
        .zip(slots.iter_mut())
        .map(|(request, slot)| {
            let now = slot.now(clock);
            (now, slot.judge(request.rule, now, request.cost))
        })
        .collect();
    if mode == RateMode::Look || !judged.iter().all(|(_, verdict)| verdict.admitted) {
        return judged.into_iter().map(|(_, verdict)| verdict).collect();
    }
    let taken = requests.iter().zip(slots).zip(judged).map(|((request, slot), (now, _))| {
        slot.take(request.rule, now, request.cost);
        slot.judge(request.rule, now, 0)
    });
    taken.collect()
}

impl fmt::Debug for RateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateStore").field("subjects", &self.slots.entry_count()).finish_non_exhaustive()
    }
}

/// Lets moka remove a subject without requests.
struct Unused;

impl Expiry<StoredKey, Arc<Held>> for Unused {
    fn expire_after_create(&self, _key: &StoredKey, held: &Arc<Held>, _now: Instant) -> Option<Duration> {
        Some(held.lifetime())
    }

    fn expire_after_read(
        &self,
        _key: &StoredKey,
        held: &Arc<Held>,
        _now: Instant,
        _remaining: Option<Duration>,
        _modified: Instant,
    ) -> Option<Duration> {
        Some(held.lifetime())
    }

    fn expire_after_update(
        &self,
        _key: &StoredKey,
        held: &Arc<Held>,
        _now: Instant,
        _remaining: Option<Duration>,
    ) -> Option<Duration> {
        Some(held.lifetime())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: Millis = 60_000;
    const START: Millis = 1_790_000_000_123;

    fn rule(algorithm: RateAlgorithm, quota: u64) -> RateRule {
        RateRule::new(algorithm, quota, Duration::from_mins(1), quota).expect("a good rule")
    }

    fn take(store: &RateStore, clock: Millis, key: &StoredKey, rule: &RateRule) -> RateVerdict {
        let request = RateRequest { key, rule, cost: 1 };
        store.admit_at(clock, &[request], RateMode::Take).expect("a verdict")[0]
    }

    #[test]
    fn a_clock_that_jumps_neither_locks_out_nor_opens_the_gate() {
        let algorithms =
            [RateAlgorithm::SlidingLog, RateAlgorithm::SlidingCounter, RateAlgorithm::TokenBucket];
        for algorithm in algorithms {
            let (store, key, rule) = (RateStore::new(), StoredKey::found("a"), rule(algorithm, 2));
            assert!(take(&store, START, &key, &rule).admitted);
            assert!(take(&store, START, &key, &rule).admitted);
            let back = START - 60 * MINUTE_MS;
            assert!(!take(&store, back, &key, &rule).admitted, "{algorithm:?}: the gate is closed");
            let waited = back + 2 * MINUTE_MS;
            assert!(take(&store, waited, &key, &rule).admitted, "{algorithm:?}: no one waits for the clock");
        }
    }

    #[test]
    fn another_rule_under_a_name_begins_anew() {
        let (store, key) = (RateStore::new(), StoredKey::found("a"));
        let (one, two) = (rule(RateAlgorithm::SlidingLog, 1), rule(RateAlgorithm::TokenBucket, 2));
        assert!(take(&store, START, &key, &one).admitted);
        assert!(!take(&store, START, &key, &one).admitted);
        assert_eq!(take(&store, START, &key, &two).remaining, 1);
    }

    #[test]
    fn who_asks_in_opposite_orders_does_not_wait_for_the_other() {
        const TURNS: usize = 20_000;
        let store = Arc::new(RateStore::new());
        let (done, all_done) = std::sync::mpsc::channel();
        for is_reversed in [false, true] {
            let (store, done) = (store.clone(), done.clone());
            std::thread::spawn(move || {
                let rule = rule(RateAlgorithm::SlidingCounter, 5);
                let keys: Vec<_> = (0..16).map(|i| StoredKey::found(&format!("{i:x}"))).collect();
                let mut requests: Vec<_> =
                    keys.iter().map(|key| RateRequest { key, rule: &rule, cost: 1 }).collect();
                if is_reversed {
                    requests.reverse();
                }
                for _ in 0..TURNS {
                    store.admit_at(START, &requests, RateMode::Take).expect("verdicts");
                }
                let _ = done.send(());
            });
        }
        for _ in 0..2 {
            all_done.recv_timeout(Duration::from_secs(30)).expect("no deadlock");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_who_asks_most_is_kept() {
        let (store, busy) = (RateStore::new(), StoredKey::found("busy"));
        let rule = rule(RateAlgorithm::SlidingLog, 10_000);
        take(&store, START, &busy, &rule);
        for stranger in 0..5_000 {
            take(&store, START, &StoredKey::found(&format!("stranger:{stranger}")), &rule);
            take(&store, START, &busy, &rule);
        }
        store.slots.run_pending_tasks();
        assert!(store.slots.weighted_size() <= MAX_BYTES, "{store:?}");
        assert_eq!(take(&store, START, &busy, &rule).remaining, 10_000 - 5_002);
    }
}
