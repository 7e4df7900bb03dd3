//! One lock's slot and its transitions.

use std::time::Duration;

use super::Holder;
use crate::clock::{Micros, as_millis};
use crate::entry::Token;

/// The answer to a request for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockAnswer {
    /// The caller holds it.
    Locked {
        /// The fencing token, greater than that of every owner before.
        fence: u64,
    },
    /// Another token holds it.
    Held {
        /// The time until it ends by itself, unless it is extended; more than zero.
        remaining: Duration,
    },
}

/// What a store holds under a lock's name, also after the lock has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockSlot {
    /// The fence of the last owner; zero before the first.
    pub fence: u64,
    /// The last owner, whose time may be over.
    pub owner: Option<Holder>,
}

impl LockSlot {
    /// A token requests the lock, for `ttl`.
    ///
    /// A fence is above the last one, and at least the time: should the slot be lost, the next fence is above all
    /// that were given out, as long as the clock is not set back.
    pub fn acquire(self, now: Micros, token: Token, ttl: Duration) -> (Self, LockAnswer) {
        let until = millis(now).saturating_add(as_millis(ttl));
        let fence = match self.owner_at(now) {
            Some(owner) if owner.token != token => {
                let remaining = Duration::from_millis(owner.until - millis(now));
                return (self, LockAnswer::Held { remaining });
            }
            // Granting the lock again to its owner makes the request idempotent under retry.
            Some(_) => self.fence,
            None => self.fence.saturating_add(1).max(now),
        };
        (LockSlot { fence, owner: Some(Holder { token, until }) }, LockAnswer::Locked { fence })
    }

    /// A token extends the lock to `ttl` from now. Returns whether it is the owner.
    pub fn extend(self, now: Micros, token: Token, ttl: Duration) -> (Self, bool) {
        let until = millis(now).saturating_add(as_millis(ttl));
        self.by_owner(now, token, Some(Holder { token, until }))
    }

    /// A token releases the lock. Returns whether it was the owner.
    pub fn release(self, now: Micros, token: Token) -> (Self, bool) {
        self.by_owner(now, token, None)
    }

    fn owner_at(&self, now: Micros) -> Option<Holder> {
        self.owner.filter(|owner| owner.until > millis(now))
    }

    fn by_owner(self, now: Micros, token: Token, next: Option<Holder>) -> (Self, bool) {
        match self.owner_at(now) {
            Some(owner) if owner.token == token => (LockSlot { owner: next, ..self }, true),
            _ => (self, false),
        }
    }
}

fn millis(now: Micros) -> u64 {
    now / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(1);
    const NOW: Micros = 5_000_000;
    const A: Token = Token([1; 16]);
    const B: Token = Token([2; 16]);

    fn fence(answer: &LockAnswer) -> u64 {
        match answer {
            LockAnswer::Locked { fence } => *fence,
            LockAnswer::Held { .. } => panic!("held"),
        }
    }

    #[test]
    fn the_fence_grows_though_the_clock_goes_back() {
        let (slot, first) = LockSlot::default().acquire(NOW, A, TTL);
        let (slot, released) = slot.release(NOW, A);
        assert!(released);
        let (_, second) = slot.acquire(NOW - 4_000_000, B, TTL);
        assert!(fence(&second) > fence(&first));
    }

    #[test]
    fn the_fence_grows_though_the_slot_was_lost() {
        let (slot, first) = LockSlot::default().acquire(NOW, A, TTL);
        let (slot, _) = slot.release(NOW, A);
        let (_, second) = slot.acquire(NOW, A, TTL);
        let (_, third) = LockSlot::default().acquire(NOW + 2, B, TTL);
        assert!(fence(&first) < fence(&second) && fence(&second) < fence(&third));
    }

    #[test]
    fn an_owner_that_asks_again_keeps_its_fence_and_gets_a_new_term() {
        let (slot, first) = LockSlot::default().acquire(NOW, A, TTL);
        let (slot, again) = slot.acquire(NOW + 500_000, A, TTL);
        assert_eq!(again, first);
        let (_, answer) = slot.acquire(NOW + 500_000, B, TTL);
        assert_eq!(answer, LockAnswer::Held { remaining: TTL });
    }

    #[test]
    fn an_owner_that_ended_is_none() {
        let (slot, _) = LockSlot::default().acquire(NOW, A, TTL);
        let end = NOW + 1_000_000;
        assert!(slot.extend(end - 1, A, TTL).1);
        assert!(!slot.extend(end, A, TTL).1);
        assert!(!slot.release(end, A).1);
        assert!(matches!(slot.acquire(end, B, TTL).1, LockAnswer::Locked { .. }));
    }

    #[test]
    fn a_stranger_changes_nothing() {
        let (slot, _) = LockSlot::default().acquire(NOW, A, TTL);
        assert_eq!(slot.extend(NOW, B, TTL), (slot, false));
        assert_eq!(slot.release(NOW, B), (slot, false));
        assert_eq!(slot.acquire(NOW, B, TTL).0, slot);
    }
}
