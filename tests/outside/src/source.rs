//! A source whose values say how old they are, and the contract C1 over it.

use std::sync::atomic::{AtomicU64, Ordering};

/// One record of a source. Each write gives it the next version.
///
/// A writer commits, invalidates, and then [acknowledges](Record::acknowledge). A reader takes the
/// [floor](Record::floor) before it reads: what it is served must not be older.
#[derive(Debug, Default)]
pub struct Record {
    committed: AtomicU64,
    acknowledged: AtomicU64,
    loads: AtomicU64,
}

impl Record {
    /// Writes the source; returns the new version.
    pub fn commit(&self) -> u64 {
        self.committed.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The invalidation of `version` has returned.
    pub fn acknowledge(&self, version: u64) {
        self.acknowledged.fetch_max(version, Ordering::SeqCst);
    }

    /// The oldest version that a read which starts now may return.
    pub fn floor(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Loads: the version that is committed now.
    pub fn load(&self) -> u64 {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.committed.load(Ordering::SeqCst)
    }

    /// How often it was loaded.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }
}
