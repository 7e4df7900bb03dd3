//! Scans, inspections and deletions in memory.

use async_trait::async_trait;

use super::MemoryBackend;
use crate::backend::capability::Keyspace;
use crate::clock::now_ms;
use crate::error::Result;
use crate::key::{StoredKey, glob_matches};
use crate::protocol::{Inspection, ScanCursor, ScanPage};

#[async_trait]
impl Keyspace for MemoryBackend {
    async fn inspect(&self, key: &StoredKey) -> Result<Inspection> {
        Ok(self.slots.get(key).unwrap_or_default().inspect(now_ms()))
    }

    /// In the order of the names; the cursor is the last name of the page before.
    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage> {
        let after = cursor.map(|cursor| cursor.0);
        let is_next = |key: &StoredKey| after.as_deref().is_none_or(|after| key.as_str() > after);
        let slots = self.slots.iter().map(|(key, _)| (*key).clone());
        let names = slots.chain(self.counters.iter().map(|(key, _)| (*key).clone()));
        let mut keys: Vec<_> = names
            .filter(|key| is_next(key) && glob_matches(glob.as_bytes(), key.as_str().as_bytes()))
            .collect();
        keys.sort_unstable();
        let more = keys.len() > page_size;
        keys.truncate(page_size);
        let next = keys.last().filter(|_| more).map(|key| ScanCursor(key.as_str().to_owned()));
        Ok(ScanPage::new(keys, next))
    }

    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()> {
        for name in names {
            self.slots.invalidate(name);
            self.tags.invalidate(name);
            self.counters.invalidate(name);
            self.locks.invalidate(name);
            self.rates.forget(name);
        }
        Ok(())
    }
}
