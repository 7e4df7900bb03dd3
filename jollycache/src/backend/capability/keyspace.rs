//! `Keyspace`: listing, inspecting and deleting what is stored, by name.

use async_trait::async_trait;

use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::{Inspection, ScanCursor, ScanPage};

/// Access to everything that is stored, by name: for evictions by pattern and by region, and for administration.
#[async_trait]
pub trait Keyspace: Send + Sync {
    /// What is stored under a key, for administration; the protocol does not depend on it.
    async fn inspect(&self, key: &StoredKey) -> Result<Inspection>;

    /// Returns one page of the names that match `glob` (`*` and `?`; other characters stand for themselves), beginning
    /// at `cursor`. A name that exists during the whole scan is returned at least once. `page_size` is a hint.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a cursor that no scan of this backend returned.
    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage>;

    /// Deletes names, whatever they hold, and notifies no watcher: for counters and administration. Not for the entries
    /// of a running cache: a write intent that is deleted no longer refuses what concurrent loads found.
    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()>;
}
