//! `EvictionScope`: what an announcement is about.

use crate::entry::RegionId;
use crate::key::StoredKey;

/// The values that an eviction, or any other change of what is stored, may have made old.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EvictionScope {
    /// Those of these keys, and those that carry one of these tags.
    Names {
        /// The keys.
        keys: Vec<StoredKey>,
        /// The tags.
        tags: Vec<StoredKey>,
    },
    /// Those of a region: all of it, or what matched a pattern.
    Region(RegionId),
    /// Every value of the namespace.
    All,
}
