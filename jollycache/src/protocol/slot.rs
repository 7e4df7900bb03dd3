//! One key's slot and its transitions.

use std::time::Duration;

use super::{Holder, Inspection, Lease, LeaseMode, LeaseRequest, WriteEnd};
use crate::clock::{Millis, as_millis};
use crate::entry::{Draft, Entry, RegionId, Token, Version};

/// How long the version of an evicted value is remembered, in milliseconds. The Redis scripts have the same number.
const VERSION_MEMORY_MS: Millis = 60_000;
/// The most writers that one intent names. When one more comes, the one that came first is named no more: nothing is
/// stored until it would have ended by itself. The Redis scripts have the same number.
const MAX_WRITERS: usize = 64;

/// What is kept under one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Slot {
    /// Nothing.
    #[default]
    Vacant,
    /// Somebody loads.
    Leased {
        /// The region of the value to come.
        region: RegionId,
        /// Who.
        holder: Holder,
        /// Until when nothing that is loaded may be filled, though the holder be gone.
        closed_until: Millis,
        /// The version below which nothing may be stored.
        floor: Option<Version>,
    },
    /// A value, fresh or stale.
    Filled {
        /// The value.
        entry: Entry,
        /// When it is gone.
        expires: Millis,
        /// Who refreshes it.
        lease: Option<Holder>,
    },
    /// One writer or more are between their begin and their end.
    Intent {
        /// The region they write in.
        region: RegionId,
        /// Who they are. Each ends by itself, so that a dead one holds nobody up for longer than its own time.
        writers: Vec<Holder>,
        /// Somebody else wrote or invalidated meanwhile: none of them may store.
        poisoned: bool,
        /// Until when nothing may be filled, though they be gone.
        closed_until: Millis,
        /// The version below which nothing may be stored.
        floor: Option<Version>,
    },
    /// A value fell, and something is remembered of it.
    Evicted {
        /// The region it was of.
        region: RegionId,
        /// Until when it is remembered.
        until: Millis,
        /// Until when nothing may be filled.
        closed_until: Millis,
        /// The version below which nothing may be stored.
        floor: Option<Version>,
    },
}

impl Slot {
    /// The slot as it is at `now`: what has ended by itself is gone.
    #[must_use]
    pub fn at(self, now: Millis) -> Self {
        match self {
            slot if slot.expires() <= now => Slot::Vacant,
            Slot::Filled { entry, expires, lease } => {
                Slot::Filled { entry, expires, lease: lease.filter(|holder| holder.until > now) }
            }
            Slot::Leased { region, holder, closed_until, floor } if holder.until <= now => {
                remembered(region, holder.until, closed_until, floor)
            }
            Slot::Intent { region, writers, closed_until, floor, .. } if last_end(&writers) <= now => {
                remembered(region, last_end(&writers), closed_until, floor)
            }
            Slot::Intent { region, mut writers, poisoned, closed_until, floor } => {
                writers.retain(|writer| writer.until > now);
                Slot::Intent { region, writers, poisoned, closed_until, floor }
            }
            slot => slot,
        }
    }

    /// The slot when the store came back from a dump, after which something acknowledged may have happened: a value may
    /// have been evicted, and counts only where the dump is trusted; a lease may have been dropped, and an intent
    /// poisoned. What refuses counts as it did.
    #[must_use]
    pub fn after_restart(self, trusts_dump: bool) -> Self {
        let (until, floor) = (self.expires(), self.floor());
        match self {
            Slot::Filled { entry, expires, .. } if trusts_dump => {
                Slot::Filled { entry, expires, lease: None }
            }
            Slot::Filled { entry: Entry { region, .. }, .. } => {
                Slot::Evicted { region, until, closed_until: 0, floor }
            }
            Slot::Leased { region, closed_until, .. } => Slot::Evicted { region, until, closed_until, floor },
            Slot::Intent { region, writers, closed_until, floor, .. } => {
                Slot::Intent { region, writers, poisoned: true, closed_until, floor }
            }
            slot => slot,
        }
    }

    /// When the slot becomes vacant by itself.
    pub fn expires(&self) -> Millis {
        match self {
            Slot::Vacant => 0,
            Slot::Leased { holder, closed_until, floor, .. } => {
                known_until(holder.until, *floor).max(*closed_until)
            }
            Slot::Intent { writers, closed_until, floor, .. } => {
                known_until(last_end(writers), *floor).max(*closed_until)
            }
            Slot::Filled { expires, .. } => *expires,
            Slot::Evicted { until, .. } => *until,
        }
    }

    /// The region that the slot belongs to.
    pub fn region(&self) -> Option<RegionId> {
        match self {
            Slot::Vacant => None,
            Slot::Leased { region, .. } | Slot::Intent { region, .. } | Slot::Evicted { region, .. } => {
                Some(*region)
            }
            Slot::Filled { entry, .. } => Some(entry.region),
        }
    }

    /// The value, fresh or stale.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Slot::Filled { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// The version below which nothing may be stored.
    pub fn floor(&self) -> Option<Version> {
        match self {
            Slot::Vacant => None,
            Slot::Leased { floor, .. } | Slot::Intent { floor, .. } | Slot::Evicted { floor, .. } => *floor,
            Slot::Filled { entry, .. } => entry.version,
        }
    }

    fn lease_holder(&self) -> Option<Holder> {
        match self {
            Slot::Leased { holder, .. } => Some(*holder),
            Slot::Filled { lease, .. } => *lease,
            Slot::Vacant | Slot::Intent { .. } | Slot::Evicted { .. } => None,
        }
    }

    /// The lease that `token` was granted, also after another took it over.
    fn lease_of(&self, token: Token) -> Option<Holder> {
        self.lease_holder().filter(|holder| holder.token.has_lineage_of(token))
    }

    /// Somebody wants to load.
    pub fn lease(self, now: Millis, request: &LeaseRequest<'_>) -> (Self, Lease) {
        let slot = self.at(now);
        if let Some(until) = slot.closed_until().filter(|until| *until > now) {
            return (slot, Lease::Bypass { remaining: remaining(until, now) });
        }
        let accepted =
            |entry: &&Entry| request.mode != LeaseMode::Replace && entry.carries(request.live_tags);
        let acceptable = slot.entry().filter(accepted).cloned();
        let hit = acceptable.as_ref().filter(|entry| request.mode == LeaseMode::Load && entry.is_fresh(now));
        if let Some(hit) = hit.cloned() {
            return (slot, Lease::Hit(hit));
        }
        // One's own lease is none to wait for: the request may have been sent again.
        if let Some(holder) = slot.lease_holder().filter(|holder| holder.token != request.token) {
            return (slot, Lease::Wait { stale: acceptable, remaining: remaining(holder.until, now) });
        }
        let holder = Holder { token: request.token, until: now.saturating_add(as_millis(request.ttl)) };
        let floor = slot.floor();
        let next = match (acceptable.clone(), slot) {
            (Some(entry), Slot::Filled { expires, .. }) => {
                Slot::Filled { entry, expires, lease: Some(holder) }
            }
            _ => Slot::Leased { region: request.region, holder, closed_until: 0, floor },
        };
        (next, Lease::Leased { stale: acceptable })
    }

    /// A value is to come whatever is there, unless a writer is at work. Returns the token that it is to be filled with.
    pub fn take_lease(
        self,
        now: Millis,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> (Self, Option<Token>) {
        let slot = self.at(now);
        if matches!(slot, Slot::Intent { .. }) {
            return (slot, None);
        }
        let token = slot.lease_holder().map_or(token, |holder| token.succeeding(holder.token));
        let holder = Holder { token, until: now.saturating_add(as_millis(ttl)) };
        let next = match slot {
            // A value that ended before the lease would take the lease along.
            Slot::Filled { entry, expires, .. } if expires >= holder.until => {
                Slot::Filled { entry, expires, lease: Some(holder) }
            }
            slot => {
                let closed_until = slot.closed_until().filter(|until| *until > now).unwrap_or(0);
                Slot::Leased { region, holder, closed_until, floor: slot.floor() }
            }
        };
        (next, Some(token))
    }

    /// The holder of a lease brings the value, or one from whom the holder took it over. Returns whether the value was
    /// stored.
    pub fn fill(self, now: Millis, token: Token, draft: &Draft) -> (Self, bool) {
        let slot = self.at(now);
        let Some(holder) = slot.lease_of(token) else { return (slot, false) };
        let successor = (holder.token != token).then_some(holder);
        if slot.is_too_old(draft) {
            return (if successor.is_some() { slot } else { slot.without_lease(now) }, false);
        }
        (filled(draft, successor, now), true)
    }

    /// The holder of a lease gives it back; who took it over keeps it. Returns whether it was still there.
    pub fn release(self, now: Millis, token: Token) -> (Self, bool) {
        let slot = self.at(now);
        match slot.lease_of(token) {
            None => (slot, false),
            Some(holder) if holder.token != token => (slot, true),
            Some(_) => (slot.without_lease(now), true),
        }
    }

    /// Value and lease fall, and nothing is filled for `grace`; an intent stays. Returns whether a value fell.
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

    /// A value gets a new lifetime, without a stale window. Returns whether there was one.
    pub fn expire(self, now: Millis, ttl: Duration) -> (Self, bool) {
        let until = now.saturating_add(as_millis(ttl));
        match self.at(now) {
            Slot::Filled { entry, lease, .. } => {
                (Slot::Filled { entry: Entry { fresh_until: until, ..entry }, expires: until, lease }, true)
            }
            slot => (slot, false),
        }
    }

    /// A writer announces itself.
    #[must_use]
    pub fn begin_write(self, now: Millis, region: RegionId, token: Token, ttl: Duration) -> Self {
        let until = now.saturating_add(as_millis(ttl));
        let slot = self.at(now);
        let floor = slot.floor();
        let (mut writers, mut poisoned, mut closed_until) = match slot {
            Slot::Intent { writers, poisoned, closed_until, .. } => (writers, poisoned, closed_until),
            slot => (Vec::new(), false, slot.closed_until().unwrap_or(0).max(now)),
        };
        // One's own announcement may have been sent again.
        writers.retain(|writer| writer.token != token);
        // Which of two writers committed last is unknown, so neither of them may store.
        poisoned |= !writers.is_empty();
        if writers.len() >= MAX_WRITERS {
            closed_until = closed_until.max(writers.remove(0).until);
        }
        writers.push(Holder { token, until });
        Slot::Intent { region, writers, poisoned, closed_until, floor }
    }

    /// A writer is done. Returns whether its value was taken.
    pub fn end_write(self, now: Millis, token: Token, end: &WriteEnd<'_>) -> (Self, bool) {
        let grace = match end {
            WriteEnd::Put(_) => Duration::ZERO,
            WriteEnd::Evict { grace } => *grace,
        };
        let slot = self.at(now);
        let too_old = matches!(end, WriteEnd::Put(draft) if slot.is_too_old(draft));
        let Slot::Intent { region, mut writers, poisoned, closed_until, floor } = slot else {
            // The intent ended before the write did: whatever was loaded since may be old.
            return (slot.evicted(now, grace), false);
        };
        let closed_until = closed_until.max(end_of(grace, now));
        let announced = writers.len();
        writers.retain(|writer| writer.token != token);
        if !writers.is_empty() {
            // One whose intent had ended goes out while others are in: it may have written after they did.
            let poisoned = poisoned || writers.len() == announced;
            return (Slot::Intent { region, writers, poisoned, closed_until, floor }, false);
        }
        match end {
            WriteEnd::Put(draft) if !poisoned && !too_old => (filled(draft, None, now), true),
            _ => (remembered(region, now, closed_until, floor), false),
        }
    }

    /// What is kept, for people to look at.
    pub fn inspect(self, now: Millis) -> Inspection {
        match self.at(now) {
            Slot::Vacant => Inspection::Vacant,
            Slot::Leased { region, holder, .. } => {
                Inspection::Leased { region, remaining: remaining(holder.until, now) }
            }
            Slot::Filled { entry, expires, lease } => Inspection::Value {
                entry,
                now,
                remaining: remaining(expires, now),
                lease: lease.map(|holder| remaining(holder.until, now)),
            },
            Slot::Intent { region, writers, poisoned, .. } => Inspection::Intent {
                region,
                remaining: remaining(last_end(&writers), now),
                writers: writers.len(),
                poisoned,
            },
            Slot::Evicted { region, closed_until, .. } => {
                Inspection::Evicted { region, closed: remaining(closed_until, now) }
            }
        }
    }

    /// Until when nothing may be filled, where that is so.
    fn closed_until(&self) -> Option<Millis> {
        match self {
            Slot::Intent { writers, closed_until, .. } => Some(last_end(writers).max(*closed_until)),
            Slot::Leased { closed_until, .. } | Slot::Evicted { closed_until, .. } => Some(*closed_until),
            Slot::Vacant | Slot::Filled { .. } => None,
        }
    }

    fn is_too_old(&self, draft: &Draft) -> bool {
        matches!((draft.version, self.floor()), (Some(version), Some(floor)) if version < floor)
    }

    fn without_lease(self, now: Millis) -> Self {
        match self {
            Slot::Filled { entry, expires, .. } => Slot::Filled { entry, expires, lease: None },
            Slot::Leased { region, closed_until, floor, .. } => remembered(region, now, closed_until, floor),
            slot => slot,
        }
    }

    /// What is left when everything falls. An eviction on an evicted slot never shortens what is remembered.
    fn evicted(self, now: Millis, grace: Duration) -> Self {
        let region = self.region().unwrap_or(RegionId(0));
        let closed_until = self.closed_until().unwrap_or(0).max(end_of(grace, now));
        remembered(region, now, closed_until, self.floor())
    }
}

fn filled(draft: &Draft, lease: Option<Holder>, now: Millis) -> Slot {
    let entry = Entry::from_draft(draft, now);
    let expires = entry.fresh_until.saturating_add(as_millis(draft.stale));
    Slot::Filled { entry, expires, lease }
}

/// What is left of a slot that ended at `end`.
fn remembered(region: RegionId, end: Millis, closed_until: Millis, floor: Option<Version>) -> Slot {
    let closed_until = closed_until.max(end);
    let until = known_until(end, floor).max(closed_until);
    if until <= end { Slot::Vacant } else { Slot::Evicted { region, until, closed_until, floor } }
}

/// Until when a floor is known whose slot ended at `end`.
fn known_until(end: Millis, floor: Option<Version>) -> Millis {
    floor.map_or(end, |_| end.saturating_add(VERSION_MEMORY_MS))
}

fn end_of(grace: Duration, now: Millis) -> Millis {
    now.saturating_add(as_millis(grace))
}

fn last_end(writers: &[Holder]) -> Millis {
    writers.iter().map(|writer| writer.until).max().unwrap_or(0)
}

fn remaining(until: Millis, now: Millis) -> Duration {
    Duration::from_millis(until.saturating_sub(now))
}
