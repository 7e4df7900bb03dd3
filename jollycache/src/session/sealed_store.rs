//! `SealedStore`: encrypted texts by key, with compare-and-set, in the cache's backend. Independent of sessions.

use std::time::Duration;

use bytes::Bytes;

use super::keyring::Keyring;
use super::record::text_of;
use super::seal::{Sealed, Sealer};
use crate::cache::{Cache, Invalidation};
use crate::clock::{self, Millis};
use crate::engine::{LoadResult, Lookup, LookupSpec, TypeOf};
use crate::entry::{Entry, Fingerprint};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, StoredKey, Tag};
use crate::policy::{Consistency, Policy};
use crate::tracker::{Count, Timed};

/// Maximum attempts of a compare-and-set.
const MAX_ATTEMPTS: usize = 16;

/// Encrypted texts by key.
#[derive(Debug)]
pub(super) struct SealedStore {
    cache: Cache,
    name: String,
    sealer: Sealer,
}

/// A stored text.
pub(super) struct Held {
    pub(super) text: String,
    /// When its entry expires.
    pub(super) expires: Millis,
}

/// What to do with a text that was read.
pub(super) enum Change<T> {
    /// Replace it.
    Store { text: String, ttl: Duration, outcome: T },
    /// Keep it.
    Leave(T),
}

impl SealedStore {
    /// A store whose keys have the prefix `name`, which is also its region.
    pub(super) fn new(cache: Cache, name: String, keyring: Option<Keyring>) -> Result<Self> {
        check_name(&name)?;
        check_region(&name, &cache.engine.region(&name).policy)?;
        Ok(SealedStore { sealer: Sealer::new(keyring)?, cache, name })
    }

    /// The key of the text `part` of a kind.
    pub(super) fn key(&self, kind: &str, part: &str) -> Key {
        Key::builder().literal(&self.name).literal(":").literal(kind).literal(":").part(part).build()
    }

    /// As [`SealedStore::key`], with a hash of a part that is personal data.
    pub(super) fn hashed_key(&self, kind: &str, part: &str) -> Key {
        Key::builder().literal(&self.name).literal(":").literal(kind).literal(":").hash(part).build()
    }

    /// The pattern of the keys of a kind.
    pub(super) fn pattern(&self, kind: &str) -> String {
        format!("{}:{kind}:*", self.name)
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) async fn read(&self, key: &Key) -> Result<Option<Held>> {
        let lookup = self.lookup(key, &[]);
        let entry = self.cache.engine.read(&lookup).peek().await?;
        Ok(self.take(&lookup, entry))
    }

    /// Reads many texts, in the order of `keys`.
    pub(super) async fn read_many(&self, keys: &[Key]) -> Result<Vec<Option<Held>>> {
        let lookups: Vec<_> = keys.iter().map(|key| self.lookup(key, &[])).collect();
        let entries = self.cache.engine.read_many(&lookups.iter().collect::<Vec<_>>()).peek().await?;
        Ok(lookups.iter().zip(entries).map(|(lookup, entry)| self.take(lookup, entry)).collect())
    }

    /// Stores a text unconditionally.
    pub(super) async fn put(&self, key: &Key, text: String, ttl: Duration, tag: Option<Tag>) -> Result<()> {
        let place = self.cache.engine.namespace().key(key);
        let sealed = self.sealer.seal(&place, text)?;
        let policy = Policy { tags: tag.into_iter().collect(), ..self.policy() };
        self.cache.put(key, &sealed, &policy.ttl(ttl)).await
    }

    /// Replaces a text by one derived from it, if it is unchanged by then; else tries again with the newer text.
    ///
    /// `change` gets `None` if there is no text, or none that can be decrypted. A new text gets the tags. After an error
    /// the change may or may not have been stored.
    pub(super) async fn revise<T>(
        &self,
        key: &Key,
        tags: &[Tag],
        mut change: impl FnMut(Option<String>) -> Result<Change<T>>,
    ) -> Result<T> {
        for _ in 0..MAX_ATTEMPTS {
            let lookup = self.lookup(key, tags);
            let (old, guard) = self.cache.engine.read(&lookup).lease_for_update().await?;
            let old = old.and_then(|entry| self.open(&lookup.key, &entry));
            let (text, ttl, outcome) = match change(old)? {
                Change::Store { text, ttl, outcome } => (text, ttl, outcome),
                Change::Leave(outcome) => {
                    guard.release_untouched().await;
                    return Ok(outcome);
                }
            };
            let payload = Bytes::from(text_of(&self.sealer.seal(&lookup.key, text)?)?);
            let (stale, version) = (Duration::ZERO, None);
            if guard.store_if_untouched(LoadResult::Value { payload, ttl, stale, version }).await {
                return Ok(outcome);
            }
        }
        let why = format!("{key} changed during each of {MAX_ATTEMPTS} attempts to update it");
        Err(Error::new(ErrorKind::Contended, why))
    }

    /// Restarts the lifetime of a text. Returns whether there is one.
    pub(super) async fn extend(&self, key: &Key, ttl: Duration) -> Result<bool> {
        let lookup = self.lookup(key, &[]);
        self.cache.engine.lifetimes(&lookup.region, lookup.policy.timeout).expire(&lookup.key, ttl).await
    }

    /// Removes texts. On an error the removal is queued until the backend is back; this process does not read them
    /// meanwhile.
    pub(super) async fn remove(&self, what: Invalidation) -> Result<()> {
        self.cache.invalidate_at_once_in(&self.name, what).await.map(drop)
    }

    fn policy(&self) -> Policy {
        Policy::new()
            .region(self.name.clone())
            .stale(Duration::ZERO)
            .jitter(0.0)
            .consistency(Consistency::Strict)
    }

    fn lookup(&self, key: &Key, tags: &[Tag]) -> Lookup {
        let policies = [&self.policy(), &Policy::UNSET];
        let type_of = TypeOf { fingerprint: Fingerprint::of::<Sealed>(), schema: 0 };
        Lookup::new(&self.cache.engine, &LookupSpec { region: &self.name, key, tags, policies, type_of })
    }

    /// The text of an entry; counts a hit or a miss.
    fn take(&self, lookup: &Lookup, entry: Option<Entry>) -> Option<Held> {
        let held = entry.and_then(|entry| {
            let text = self.open(&lookup.key, &entry)?;
            lookup.region.tracker.served(&entry, clock::now_ms());
            Some(Held { text, expires: entry.fresh_until })
        });
        if held.is_some() {
            let took = clock::now().saturating_duration_since(lookup.started);
            lookup.region.tracker.time(Timed::Hit, took);
        } else {
            lookup.region.tracker.count(Count::Miss);
        }
        held
    }

    fn open(&self, place: &StoredKey, entry: &Entry) -> Option<String> {
        let sealed = serde_json::from_slice(&entry.payload).ok();
        let text = sealed.and_then(|sealed| self.sealer.open(place, sealed));
        if text.is_none()
            && let Some(suppressed) =
                self.cache.engine.store.warnings.admit(&self.name, "unopened", clock::now())
        {
            tracing::warn!(
                key = %place,
                suppressed,
                "a record cannot be opened: its key is not on the ring, or it was changed"
            );
        }
        text
    }
}

fn check_name(name: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=32).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let expected = "1 to 32 ASCII letters, digits, '-', '_'";
    Err(Error::new(ErrorKind::Config, format!("sessions named {name:?}: expected {expected}")))
}

/// Refuses a region's policy that would override lifetimes and tags: unlike a cached value, a session cannot be loaded
/// again.
fn check_region(name: &str, policy: &Policy) -> Result<()> {
    let refused = [
        ("ttl", policy.ttl.is_some()),
        ("stale", policy.stale.is_some()),
        ("jitter", policy.jitter.is_some()),
        ("tags", !policy.tags.is_empty()),
        ("consistency", policy.consistency == Some(Consistency::Ttl)),
    ];
    match refused.iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((setting, _)) => Err(Error::new(
            ErrorKind::Config,
            format!("the region {name:?} holds sessions: its policy cannot set {setting}"),
        )),
    }
}
