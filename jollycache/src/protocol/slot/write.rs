//! Writes to the source and invalidations: what they announce, remove and store.

use std::time::Duration;

use super::{Slot, end_of, filled, remembered};
use crate::clock::{Millis, as_millis};
use crate::entry::{Entry, RegionId, Token};
use crate::protocol::holder::Holder;
use crate::protocol::request::WriteEnd;

/// The most writers that one intent lists. One more replaces the first of them, and nothing is
/// stored until that one's own end. The Redis scripts have the same number.
const MAX_WRITERS: usize = 64;

impl Slot {
    /// Value and lease are removed, and nothing is filled for `grace`; an intent stays. Returns whether there was a value.
    pub fn invalidate(self, now: Millis, grace: Duration) -> (Self, bool) {
        match self.at(now) {
            // Whether the source changed before or after the announced write is unknown.
            Slot::Intent { region, writers, closed_until, floor, .. } => {
                let closed_until = closed_until.max(end_of(grace, now));
                (Slot::Intent { region, writers, poisoned: true, closed_until, floor }, false)
            }
            slot => {
                let held = slot.entry().is_some();
                (slot.evicted(now, grace), held)
            }
        }
    }

    /// A value gets a new lifetime, without a stale window. Returns whether there was a value.
    pub fn expire(self, now: Millis, ttl: Duration) -> (Self, bool) {
        let until = now.saturating_add(as_millis(ttl));
        match self.at(now) {
            Slot::Filled { entry, lease, .. } => {
                (Slot::Filled { entry: Entry { fresh_until: until, ..entry }, expires: until, lease }, true)
            }
            slot => (slot, false),
        }
    }

    /// A writer announces its write.
    #[must_use]
    pub fn begin_write(self, now: Millis, region: RegionId, token: Token, ttl: Duration) -> Self {
        let until = now.saturating_add(as_millis(ttl));
        let slot = self.at(now);
        let floor = slot.floor();
        let (mut writers, mut poisoned, mut closed_until) = match slot {
            Slot::Intent { writers, poisoned, closed_until, .. } => (writers, poisoned, closed_until),
            slot => (Vec::new(), false, slot.closed_until().unwrap_or(0).max(now)),
        };
        // Replacing the writer's own announcement makes the request idempotent under retry.
        writers.retain(|writer| writer.token != token);
        // Which of two writers committed last is unknown, so neither of them may store.
        poisoned |= !writers.is_empty();
        if writers.len() >= MAX_WRITERS {
            closed_until = closed_until.max(writers.remove(0).until);
        }
        writers.push(Holder { token, until });
        Slot::Intent { region, writers, poisoned, closed_until, floor }
    }

    /// A writer ends its write. Returns whether its value was stored.
    pub fn end_write(self, now: Millis, token: Token, end: &WriteEnd<'_>) -> (Self, bool) {
        let grace = match end {
            WriteEnd::Put(_) => Duration::ZERO,
            WriteEnd::Evict { grace } => *grace,
        };
        let slot = self.at(now);
        let too_old = matches!(end, WriteEnd::Put(draft) if slot.is_too_old(draft));
        let Slot::Intent { region, mut writers, poisoned, closed_until, floor } = slot else {
            // The intent ended before the write did: what was loaded since may be old.
            return (slot.evicted(now, grace), false);
        };
        let closed_until = closed_until.max(end_of(grace, now));
        let announced = writers.len();
        writers.retain(|writer| writer.token != token);
        if !writers.is_empty() {
            // A writer whose own announcement had ended may have written after the others did.
            let poisoned = poisoned || writers.len() == announced;
            return (Slot::Intent { region, writers, poisoned, closed_until, floor }, false);
        }
        match end {
            WriteEnd::Put(draft) if !poisoned && !too_old => (filled(draft, None, now), true),
            _ => (remembered(region, now, closed_until, floor), false),
        }
    }
}
