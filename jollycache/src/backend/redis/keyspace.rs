//! Scans, inspections and deletions on Redis.

use async_trait::async_trait;
use redis::{Value, cmd};

use super::arguments::{lifetime_or_none_ms, server_glob};
use super::{RedisBackend, record, reply, scripts};
use crate::backend::capability::Keyspace;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;
use crate::protocol::{Inspection, ScanCursor, ScanPage, Selection};

/// How many commands one pipeline has at most.
pub(super) const MAX_PIPELINE: usize = 500;
/// How many slots the server visits for one page of a sweep.
const SWEEP_PAGE: usize = 500;

impl RedisBackend {
    /// Scans, and calls the sweep's script for each key found. Returns how many keys held a value.
    pub(super) async fn sweep(&self, selection: &Selection<'_>) -> Result<u64> {
        let mut cursor = "0".to_owned();
        let mut held = 0;
        loop {
            let (next, keys) = self.scan_step(selection.glob, &cursor, SWEEP_PAGE).await?;
            // A page may be larger than requested.
            for part in keys.chunks(MAX_PIPELINE) {
                held += self.sweep_page(part, selection).await?;
            }
            if next == "0" {
                return Ok(held);
            }
            cursor = next;
        }
    }

    async fn sweep_page(&self, keys: &[Vec<u8>], selection: &Selection<'_>) -> Result<u64> {
        let region = selection.region.map(|region| region.0.to_be_bytes());
        let calls = keys.iter().filter_map(|key| std::str::from_utf8(key).ok()).map(|key| {
            let mut call = scripts::SWEEP.call(key);
            call.arg(region.as_ref().map_or(&[][..], |region| &region[..]));
            call.arg(lifetime_or_none_ms(selection.grace));
            call
        });
        reply::sum(reply::all_ok(self.pool.write_all(calls).await?.0)?)
    }

    /// One step of a scan: the next cursor (zero at the end) and raw names.
    async fn scan_step(&self, glob: &str, cursor: &str, count: usize) -> Result<(String, Vec<Vec<u8>>)> {
        let mut command = cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(server_glob(glob)).arg("COUNT").arg(count.max(1));
        let [next, names] = reply::list_of(self.pool.read(glob, &command).await?.0)?;
        let names = reply::list(names)?.into_iter().filter_map(|name| match name {
            Value::BulkString(name) => Some(name),
            _ => None,
        });
        Ok((reply::text(next)?, names.collect()))
    }

    /// Deletes names, whatever they hold.
    pub(super) async fn unlink(&self, names: &[StoredKey]) -> Result<()> {
        for part in names.chunks(MAX_PIPELINE) {
            let commands = part.iter().map(|name| {
                let mut command = cmd("UNLINK");
                command.arg(name.as_str());
                command
            });
            reply::all_ok(self.pool.write_all(commands).await?.0)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Keyspace for RedisBackend {
    async fn inspect(&self, key: &StoredKey) -> Result<Inspection> {
        let (answer, run) = self.pool.call_with_run(scripts::INSPECT.call(key.as_str())).await?;
        record::inspection(answer, run)
    }

    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage> {
        let cursor = cursor.map_or_else(|| "0".to_owned(), |cursor| cursor.0);
        if cursor.parse::<u64>().is_err() {
            return Err(Error::new(
                ErrorKind::Config,
                "the cursor is none that a scan of this backend returned",
            ));
        }
        let (next, names) = self.scan_step(glob, &cursor, page_size).await?;
        // A name that is not UTF-8 belongs to another program.
        let keys = names.iter().filter_map(|name| std::str::from_utf8(name).ok()).map(StoredKey::found);
        Ok(ScanPage::new(keys.collect(), (next != "0").then_some(ScanCursor(next))))
    }

    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()> {
        self.unlink(names).await
    }
}
