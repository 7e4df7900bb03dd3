//! One key's slot and its transitions.

use std::time::Duration;

use crate::backend::{Lease, LeaseRequest, WriteEnd};
use crate::clock::{Millis, as_millis};
use crate::entry::{Draft, Entry, RegionId, TagStamp, Token};

/// Who holds a lease, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The proof of it.
    pub token: Token,
    /// When it ends by itself.
    pub until: Millis,
}

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
        /// The writer that came last.
        holder: Holder,
        /// How many there are.
        writers: u8,
        /// More than one was there at once: none of them may store.
        poisoned: bool,
    },
}

impl Slot {
    /// The slot as it is at `now`: what has ended by itself is gone.
    #[must_use]
    pub fn at(self, now: Millis) -> Self {
        match self {
            Slot::Leased { holder, .. } | Slot::Intent { holder, .. } if holder.until <= now => Slot::Vacant,
            Slot::Filled { expires, .. } if expires <= now => Slot::Vacant,
            Slot::Filled { entry, expires, lease } => {
                Slot::Filled { entry, expires, lease: lease.filter(|holder| holder.until > now) }
            }
            slot => slot,
        }
    }

    /// When the slot becomes vacant by itself.
    pub fn expires(&self) -> Millis {
        match self {
            Slot::Vacant => 0,
            Slot::Leased { holder, .. } | Slot::Intent { holder, .. } => holder.until,
            Slot::Filled { expires, .. } => *expires,
        }
    }

    /// The region that the slot belongs to.
    pub fn region(&self) -> Option<RegionId> {
        match self {
            Slot::Vacant => None,
            Slot::Leased { region, .. } | Slot::Intent { region, .. } => Some(*region),
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

    fn lease_holder(&self) -> Option<Holder> {
        match self {
            Slot::Leased { holder, .. } => Some(*holder),
            Slot::Filled { lease, .. } => *lease,
            Slot::Vacant | Slot::Intent { .. } => None,
        }
    }

    /// Somebody wants to load.
    pub fn lease(self, now: Millis, request: &LeaseRequest<'_>) -> (Self, Lease) {
        let slot = self.at(now);
        if let Slot::Intent { holder, .. } = &slot {
            let remaining = remaining(holder.until, now);
            return (slot, Lease::Bypass { remaining });
        }
        let acceptable =
            slot.entry().filter(|entry| !request.replace && accepts(entry, request.live_tags)).cloned();
        if let Some(entry) = acceptable.as_ref().filter(|entry| entry.is_fresh(now)) {
            let hit = entry.clone();
            return (slot, Lease::Hit(hit));
        }
        if let Some(holder) = slot.lease_holder() {
            return (slot, Lease::Wait { stale: acceptable, remaining: remaining(holder.until, now) });
        }
        let holder = Holder { token: request.token, until: now.saturating_add(as_millis(request.ttl)) };
        let next = match (acceptable.clone(), slot) {
            (Some(entry), Slot::Filled { expires, .. }) => {
                Slot::Filled { entry, expires, lease: Some(holder) }
            }
            _ => Slot::Leased { region: request.region, holder },
        };
        (next, Lease::Leased { stale: acceptable })
    }

    /// The holder of a lease brings the value. Returns whether it was taken.
    pub fn fill(self, now: Millis, token: Token, draft: &Draft) -> (Self, bool) {
        let slot = self.at(now);
        if slot.lease_holder().is_some_and(|holder| holder.token == token) {
            (filled(draft, now), true)
        } else {
            (slot, false)
        }
    }

    /// The holder of a lease gives it back. Returns whether it had it.
    pub fn release(self, now: Millis, token: Token) -> (Self, bool) {
        let slot = self.at(now);
        if slot.lease_holder().is_none_or(|holder| holder.token != token) {
            return (slot, false);
        }
        match slot {
            Slot::Filled { entry, expires, .. } => (Slot::Filled { entry, expires, lease: None }, true),
            _ => (Slot::Vacant, true),
        }
    }

    /// A value comes whatever is there, unless a writer is at work. Returns whether it was taken.
    pub fn store(self, now: Millis, draft: &Draft) -> (Self, bool) {
        match self.at(now) {
            intent @ Slot::Intent { .. } => (intent, false),
            _ => (filled(draft, now), true),
        }
    }

    /// Value and lease fall; an intent stays. Returns whether a value fell.
    pub fn invalidate(self, now: Millis) -> (Self, bool) {
        match self.at(now) {
            intent @ Slot::Intent { .. } => (intent, false),
            slot => {
                let held = slot.entry().is_some();
                (Slot::Vacant, held)
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
        match self.at(now) {
            Slot::Intent { holder, writers, .. } => Slot::Intent {
                region,
                holder: Holder { token, until: until.max(holder.until) },
                writers: writers.saturating_add(1),
                poisoned: true,
            },
            _ => Slot::Intent { region, holder: Holder { token, until }, writers: 1, poisoned: false },
        }
    }

    /// A writer is done. Returns whether its value was taken.
    pub fn end_write(self, now: Millis, token: Token, end: &WriteEnd<'_>) -> (Self, bool) {
        let Slot::Intent { region, holder, writers, poisoned } = self.at(now) else {
            // The intent ended before the write did: whatever was loaded since may be old.
            return (Slot::Vacant, false);
        };
        if writers > 1 {
            return (Slot::Intent { region, holder, writers: writers - 1, poisoned }, false);
        }
        match end {
            WriteEnd::Put(draft) if !poisoned && holder.token == token => (filled(draft, now), true),
            _ => (Slot::Vacant, false),
        }
    }
}

fn filled(draft: &Draft, now: Millis) -> Slot {
    let entry = Entry::from_draft(draft, now);
    let expires = entry.fresh_until.saturating_add(as_millis(draft.stale));
    Slot::Filled { entry, expires, lease: None }
}

/// Whether an entry may be served to one who knows these live tags. Tags that only the entry knows of are not
/// judged here: the reader asks for them after the hit.
fn accepts(entry: &Entry, live: &[TagStamp]) -> bool {
    entry.carries(live)
}

fn remaining(until: Millis, now: Millis) -> Duration {
    Duration::from_millis(until.saturating_sub(now))
}
