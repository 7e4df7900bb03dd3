//! One key's slot: what it holds, and how time and a restart change it. The operations are in the files beside.

mod inspect;
mod lease;
mod write;

use std::time::Duration;

use super::holder::Holder;
use crate::clock::{Millis, as_millis};
use crate::entry::{Draft, Entry, RegionId, Version};

/// How long the version of an evicted value is remembered, in milliseconds. The Redis scripts have the same number.
const VERSION_MEMORY_MS: Millis = 60_000;

/// What a store holds under one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Slot {
    /// Nothing.
    #[default]
    Vacant,
    /// A load is under way, and there is no value.
    Leased {
        /// The region of the value to come.
        region: RegionId,
        /// The load.
        holder: Holder,
        /// Until when nothing that is loaded may be filled, also after the lease has ended.
        closed_until: Millis,
        /// The version below which nothing may be stored.
        floor: Option<Version>,
    },
    /// A value, fresh or stale.
    Filled {
        /// The value.
        entry: Entry,
        /// When the entry ends, its stale window included.
        expires: Millis,
        /// The load that refreshes it, if there is one.
        lease: Option<Holder>,
    },
    /// One writer or more are between their begin and their end.
    Intent {
        /// The region they write in.
        region: RegionId,
        /// The writers. Each ends by itself, so that a crashed one delays the others by no more than its own time.
        writers: Vec<Holder>,
        /// Another writer or an invalidation came in between: none of them may store.
        poisoned: bool,
        /// Until when nothing may be filled, also after the last of them has ended.
        closed_until: Millis,
        /// The version below which nothing may be stored.
        floor: Option<Version>,
    },
    /// A value was removed, and something is remembered of it.
    Evicted {
        /// The region that it belonged to.
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
    /// The slot as it is at `now`, without what has ended by itself.
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

    /// The slot after the store restarted from a dump. Acknowledged operations after the dump are lost: a value may
    /// have been evicted, so it counts only if the dump is trusted; a lease may have been dropped, and an intent
    /// poisoned, so neither admits anything. What refuses fills still does.
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

    /// Until when nothing may be filled, if the slot has such a time.
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

    /// What remains after an eviction. One on an evicted slot never shortens what is remembered.
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

/// What remains of a slot that ended at `end`.
fn remembered(region: RegionId, end: Millis, closed_until: Millis, floor: Option<Version>) -> Slot {
    let closed_until = closed_until.max(end);
    let until = known_until(end, floor).max(closed_until);
    if until <= end { Slot::Vacant } else { Slot::Evicted { region, until, closed_until, floor } }
}

/// Until when the floor of a slot that ended at `end` is remembered.
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
