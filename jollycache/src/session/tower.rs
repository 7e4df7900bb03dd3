//! `TowerSessionStore`: a store for `tower-sessions`.

use std::time::Duration;

use async_trait::async_trait;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store;

use super::builder::DEFAULT_MAX_BYTES;
use super::id::SessionHandle;
use super::keyring::Keyring;
use super::sealed_store::{Change, SealedStore};
use crate::cache::{Cache, Invalidation};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// Maximum ids to try for a new session. One is enough, unless the random number generator is broken.
const MAX_IDS: usize = 4;

/// A store for `tower-sessions` in a cache's backend, for `SessionManagerLayer::new`.
///
/// Sessions expire at the time in their records, and are shared by all processes whose caches share a backend and a
/// namespace. Keys, values and logs contain a hash of the id only. A request that still has a deleted session does not
/// bring it back by saving it.
///
/// ```
/// use jollycache::session::TowerSessionStore;
/// use jollycache::{Cache, MemoryBackend};
///
/// # fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let store = TowerSessionStore::new(cache)?;
/// // let layer = tower_sessions::SessionManagerLayer::new(store);
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TowerSessionStore {
    records: std::sync::Arc<SealedStore>,
    max_bytes: usize,
}

impl TowerSessionStore {
    /// A store whose records are not encrypted.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let store = jollycache::session::TowerSessionStore::new(cache)?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`TowerSessionStore::encrypted`].
    pub fn new(cache: Cache) -> Result<Self> {
        TowerSessionStore::with_keyring(cache, None)
    }

    /// A store whose records are encrypted. Records that were not encrypted with a key of the ring are treated as absent.
    ///
    /// ```
    /// use jollycache::session::{EncryptionKey, Keyring, TowerSessionStore};
    /// # use jollycache::{Cache, MemoryBackend};
    ///
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let keyring = Keyring::new("2026-02", EncryptionKey::new([1; 32]));
    /// let store = TowerSessionStore::encrypted(cache, keyring)?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an invalid keyring, or a policy of the region `tower-session` that does not suit sessions.
    pub fn encrypted(cache: Cache, keyring: Keyring) -> Result<Self> {
        TowerSessionStore::with_keyring(cache, Some(keyring))
    }

    fn with_keyring(cache: Cache, keyring: Option<Keyring>) -> Result<Self> {
        let records = SealedStore::new(cache, "tower-session".to_owned(), keyring)?;
        Ok(TowerSessionStore { records: std::sync::Arc::new(records), max_bytes: DEFAULT_MAX_BYTES })
    }

    /// Maximum size of a record, in bytes of JSON. Default: 16 KiB.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let store = jollycache::session::TowerSessionStore::new(cache)?.max_bytes(4 * 1024);
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn key(&self, id: Id) -> Key {
        self.records.key("id", &SessionHandle::of(&id.0.to_le_bytes()).to_string())
    }

    /// The text of a record, without the secret id.
    fn text(&self, record: &Record) -> Result<String, session_store::Error> {
        let nameless = Record { id: Id(0), ..record.clone() };
        let text = serde_json::to_string(&nameless).map_err(|error| {
            let class = error.classify();
            session_store::Error::Encode(format!("a session cannot be encoded as JSON: {class:?} error"))
        })?;
        if text.len() > self.max_bytes {
            let (found, most) = (text.len(), self.max_bytes);
            return Err(session_store::Error::Encode(format!(
                "the session has {found} bytes, the limit is {most}"
            )));
        }
        Ok(text)
    }

    /// Stores a record unless there is one. Returns whether there was none.
    async fn add(&self, record: &Record) -> Result<bool, session_store::Error> {
        let text = self.text(record)?;
        let Some(ttl) = time_left(record) else { return Ok(true) };
        let step = |found: Option<String>| {
            Ok(match found {
                Some(_) => Change::Leave(false),
                None => Change::Store { text: text.clone(), ttl, outcome: true },
            })
        };
        self.records.revise(&self.key(record.id), &[], step).await.map_err(failed)
    }
}

#[async_trait]
impl SessionStore for TowerSessionStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        for _ in 0..MAX_IDS {
            if self.add(record).await? {
                return Ok(());
            }
            record.id = Id::default();
        }
        let why = format!(
            "each of {MAX_IDS} new session ids exists already: the random number generator is broken"
        );
        Err(failed(Error::new(ErrorKind::Contended, why)))
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let text = self.text(record)?;
        let Some(ttl) = time_left(record) else { return self.delete(&record.id).await };
        let step = |found: Option<String>| {
            Ok(match found {
                Some(_) => Change::Store { text: text.clone(), ttl, outcome: () },
                None => Change::Leave(()),
            })
        };
        self.records.revise(&self.key(record.id), &[], step).await.map_err(failed)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let held = self.records.read(&self.key(*id)).await.map_err(failed)?;
        let record = held.and_then(|held| serde_json::from_str::<Record>(&held.text).ok());
        let live = record.filter(|record| time_left(record).is_some());
        Ok(live.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.records.remove(Invalidation::new().key(self.key(*id))).await.map_err(failed)
    }
}

/// The remaining lifetime of a record; `None` if it has ended.
fn time_left(record: &Record) -> Option<Duration> {
    let end = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
    let left = u64::try_from(end.checked_sub(i128::from(clock::now_ms()))?).ok()?;
    (left > 0).then(|| Duration::from_millis(left))
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: Error) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}
