//! The slots of keys: one transition of the protocol on one key, and when moka may drop a slot.

use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Store;

use super::MemoryBackend;
use crate::backend::notify::Signal;
use crate::clock::{Millis, now_ms};
use crate::entry::{Entry, RegionId};
use crate::key::StoredKey;
use crate::protocol::Slot;

/// The size of a slot beside its payload, approximately.
const SLOT_OVERHEAD_BYTES: usize = 160;

pub(super) fn store(max_bytes: u64) -> Store<StoredKey, Slot> {
    Store::builder()
        .max_capacity(max_bytes)
        // Not TinyLFU, which may refuse a key that is rarely used: a lease is always new.
        .eviction_policy(EvictionPolicy::lru())
        .weigher(|key: &StoredKey, slot: &Slot| weigh(key, slot))
        .expire_after(UntilVacant)
        .build()
}

fn weigh(key: &StoredKey, slot: &Slot) -> u32 {
    let payload = slot.entry().map_or(0, |entry| entry.payload.len());
    u32::try_from(key.as_str().len() + payload + SLOT_OVERHEAD_BYTES).unwrap_or(u32::MAX)
}

impl MemoryBackend {
    /// Runs one transition of the protocol, atomically on its key.
    pub(super) fn transition<T: Default>(
        &self,
        key: &StoredKey,
        step: impl FnOnce(Slot, Millis) -> (Slot, T),
    ) -> T {
        let mut outcome = T::default();
        self.slots.entry_by_ref(key).and_compute_with(|found| {
            let (next, result) = step(found.map(moka::Entry::into_value).unwrap_or_default(), now_ms());
            outcome = result;
            match next {
                Slot::Vacant => Op::Remove,
                slot => Op::Put(slot),
            }
        });
        outcome
    }

    /// The value of a key, fresh or stale.
    pub(super) fn entry(&self, key: &StoredKey) -> Option<Entry> {
        match self.slots.get(key)?.at(now_ms()) {
            Slot::Filled { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// Invalidates a key, if it belongs to `region` or none is given. Returns how many values it held.
    pub(super) fn invalidate_key(&self, key: &StoredKey, region: Option<RegionId>, grace: Duration) -> u64 {
        let held = self.transition(key, |slot, now| {
            if region.is_some_and(|region| slot.region() != Some(region)) {
                return (slot, false);
            }
            slot.invalidate(now, grace)
        });
        self.watchers.notify(key.as_str(), Signal::Changed);
        u64::from(held)
    }
}

/// Lets moka remove a slot when it has ended by itself.
struct UntilVacant;

impl UntilVacant {
    fn remaining(slot: &Slot) -> Duration {
        Duration::from_millis(slot.expires().saturating_sub(now_ms()))
    }
}

impl Expiry<StoredKey, Slot> for UntilVacant {
    fn expire_after_create(&self, _key: &StoredKey, slot: &Slot, _now: Instant) -> Option<Duration> {
        Some(Self::remaining(slot))
    }

    fn expire_after_update(
        &self,
        _key: &StoredKey,
        slot: &Slot,
        _now: Instant,
        _remaining: Option<Duration>,
    ) -> Option<Duration> {
        Some(Self::remaining(slot))
    }
}
