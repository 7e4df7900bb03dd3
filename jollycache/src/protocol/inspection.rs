//! `Inspection`: what is kept under a key, for people to look at.

use std::time::Duration;

use crate::clock::Millis;
use crate::entry::{Entry, RegionId};

/// What is kept under a key at one moment. It holds no token: whoever looks at a lease must not be able to use it.
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
        /// The backend's time, by which the entry's times are to be read.
        now: Millis,
        /// When the value is gone.
        remaining: Duration,
        /// When the lease of who refreshes it ends by itself, where there is one.
        lease: Option<Duration>,
    },
    /// Somebody loads, and there is no value.
    Leased {
        /// The region of the value to come.
        region: RegionId,
        /// When the lease ends by itself.
        remaining: Duration,
    },
    /// Writers are between their begin and their end.
    Intent {
        /// The region they write in.
        region: RegionId,
        /// When the last of them ends by itself.
        remaining: Duration,
        /// How many they are.
        writers: usize,
        /// Whether somebody else wrote or invalidated meanwhile, so that none of them may store.
        poisoned: bool,
    },
    /// A value fell, and something is remembered of it.
    Evicted {
        /// The region it was of.
        region: RegionId,
        /// For how long nothing may be stored; zero where only its version is remembered.
        closed: Duration,
    },
    /// Something that this version of JollyCache did not write.
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

    /// The region that the key belongs to, as far as the store knows.
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
