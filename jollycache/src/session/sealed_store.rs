//! `SealedStore`: sealed texts by key, in the cache's backend and nowhere else. It knows nothing of sessions.

use std::time::Duration;

use bytes::Bytes;

use super::keyring::Keyring;
use super::record::text_of;
use super::seal::{Sealed, Sealer};
use crate::cache::{Cache, Invalidation};
use crate::clock::{self, Millis};
use crate::engine::{Ask, Lookup, ToStore, TypeOf};
use crate::entry::{Entry, Fingerprint};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, StoredKey, Tag};
use crate::policy::{Consistency, Policy};
use crate::tracker::{Count, Timed};

/// How often a compare-and-set is tried.
const MAX_ATTEMPTS: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct SealedStore {
    cache: Cache,
    name: String,
    sealer: Sealer,
}

/// A text that was found.
pub(super) struct Held {
    pub(super) text: String,
    /// When the store lets it go.
    pub(super) expires: Millis,
}

/// What becomes of a text that was read.
pub(super) enum Change<T> {
    /// Another takes its place.
    Store { text: String, ttl: Duration, outcome: T },
    /// It stays.
    Leave(T),
}

impl SealedStore {
    /// A vault whose keys begin with `name`, which is also its region's.
    pub(super) fn new(cache: Cache, name: String, keyring: Option<Keyring>) -> Result<Self> {
        check_name(&name)?;
        check_region(&name, &cache.engine.region(&name).policy)?;
        Ok(SealedStore { sealer: Sealer::new(keyring)?, cache, name })
    }

    /// Where the text called `part` of a kind is.
    pub(super) fn key(&self, kind: &str, part: &str) -> Key {
        Key::builder().literal(&self.name).literal(":").literal(kind).literal(":").part(part).build()
    }

    /// As [`SealedStore::key`], for a part that is not to be seen.
    pub(super) fn hashed_key(&self, kind: &str, part: &str) -> Key {
        Key::builder().literal(&self.name).literal(":").literal(kind).literal(":").hash(part).build()
    }

    /// Finds all texts of a kind.
    pub(super) fn pattern(&self, kind: &str) -> String {
        format!("{}:{kind}:*", self.name)
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) async fn read(&self, key: &Key) -> Result<Option<Held>> {
        let lookup = self.lookup(key, &[]);
        let entry = self.cache.engine.peek(&lookup).await?;
        Ok(self.take(&lookup, entry))
    }

    /// Many texts, in the order of `keys`.
    pub(super) async fn read_many(&self, keys: &[Key]) -> Result<Vec<Option<Held>>> {
        let lookups: Vec<_> = keys.iter().map(|key| self.lookup(key, &[])).collect();
        let entries = self.cache.engine.peek_many(&lookups).await?;
        Ok(lookups.iter().zip(entries).map(|(lookup, entry)| self.take(lookup, entry)).collect())
    }

    /// Stores a text whatever is there.
    pub(super) async fn put(&self, key: &Key, text: String, ttl: Duration, tag: Option<Tag>) -> Result<()> {
        let place = self.cache.engine.namespace().key(key);
        let sealed = self.sealer.seal(&place, text)?;
        let policy = Policy { tags: tag.into_iter().collect(), ..self.policy() };
        self.cache.put(key, &sealed, &policy.ttl(ttl)).await
    }

    /// Replaces a text by one that follows from it, if nothing happened to it meanwhile; else tries again with what is
    /// there then. `change` gets `None` where nothing is that can be opened. A text that is new gets the tags.
    ///
    /// After an error it may have been done or not.
    pub(super) async fn revise<T>(
        &self,
        key: &Key,
        tags: &[Tag],
        mut change: impl FnMut(Option<String>) -> Result<Change<T>>,
    ) -> Result<T> {
        for _ in 0..MAX_ATTEMPTS {
            let lookup = self.lookup(key, tags);
            let (old, ticket) = self.cache.engine.link(&lookup).await?;
            let old = old.and_then(|entry| self.open(&lookup.key, &entry));
            let (text, ttl, outcome) = match change(old)? {
                Change::Store { text, ttl, outcome } => (text, ttl, outcome),
                Change::Leave(outcome) => {
                    ticket.release_untouched().await;
                    return Ok(outcome);
                }
            };
            let payload = Bytes::from(text_of(&self.sealer.seal(&lookup.key, text)?)?);
            let (stale, version) = (Duration::ZERO, None);
            if ticket.store_if_untouched(ToStore::Value { payload, ttl, stale, version }).await {
                return Ok(outcome);
            }
        }
        let why = format!("{key} changed during each of {MAX_ATTEMPTS} attempts to update it");
        Err(Error::new(ErrorKind::Contended, why))
    }

    /// Gives a text a new lifetime from now. Returns whether there was one.
    pub(super) async fn extend(&self, key: &Key, ttl: Duration) -> Result<bool> {
        let lookup = self.lookup(key, &[]);
        self.cache.engine.expire(&lookup.region, lookup.policy.timeout, &lookup.key, ttl).await
    }

    /// Removes texts. An error means that it will happen as soon as the backend is back, and that this process does
    /// not see them meanwhile.
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
        Lookup::new(&self.cache.engine, &Ask { region: &self.name, key, tags, policies, type_of })
    }

    /// The text of an entry, counted as a hit or a miss.
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

/// A region's policy wins over what a call says, and here it must not: a session is no copy of anything.
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
