//! `Inspection`: what is stored under a key, for administration.

use std::time::Duration;

use crate::clock::Millis;
use crate::entry::{Entry, RegionId};

/// What is stored under a key at one moment. It has no token, so that inspecting a lease gives no right to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Inspection {
    /// Nothing.
    #[default]
    Vacant,
    /// A value, fresh or stale.
    Value {
        /// The value and its header.
        entry: Entry,
        /// The backend's time, to which the entry's times refer.
        now: Millis,
        /// The time until the value ends, its stale window included.
        remaining: Duration,
        /// The time until the lease of a refresh ends by itself, if there is one.
        lease: Option<Duration>,
    },
    /// A load is under way, and there is no value.
    Leased {
        /// The region of the value to come.
        region: RegionId,
        /// The time until the lease ends by itself.
        remaining: Duration,
    },
    /// Writers are between their begin and their end.
    Intent {
        /// The region they write in.
        region: RegionId,
        /// The time until the last of them ends by itself.
        remaining: Duration,
        /// How many writers there are.
        writers: usize,
        /// Whether another writer or an invalidation came in between, so that none of them may store.
        poisoned: bool,
    },
    /// A value was evicted, and something is remembered of it.
    Evicted {
        /// The region that it belonged to.
        region: RegionId,
        /// For how long nothing may be stored; zero where only its version is remembered.
        closed: Duration,
    },
    /// Something that another program or another format version wrote.
    Foreign,
}

impl Inspection {
    /// The value, where there is one.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Inspection::Value { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// The region that the key belongs to, if the store has it.
    pub fn region(&self) -> Option<RegionId> {
        match self {
            Inspection::Value { entry, .. } => Some(entry.region),
            Inspection::Leased { region, .. }
            | Inspection::Intent { region, .. }
            | Inspection::Evicted { region, .. } => Some(*region),
            Inspection::Vacant | Inspection::Foreign => None,
        }
    }
}
