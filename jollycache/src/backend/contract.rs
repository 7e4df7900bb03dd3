//! `Backend`: the operations that every store of entries has.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::capability::{Capability, Counters, Keyspace, Lifetimes, Locks, RateLimits, Rosters, Topics};
use super::info::BackendInfo;
use super::notify::Watch;
use crate::entry::{Draft, Entry, RegionId, RunId, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::{Filled, Lease, LeaseRequest, Read, Selection, WriteEnd};

/// How many names the default of [`Backend::invalidate_matching`] requests at once.
const SWEEP_PAGE: usize = 500;

/// A store for entries.
///
/// # Contract
/// Each method is atomic on each key it names. A method that returns an error may have been executed or not.
/// Dropping a returned future is allowed at any time, with the same two outcomes. No method waits for another caller:
/// waiting is done through [`Backend::watch`].
///
/// Losing a lease, an intent or a tag's id (capacity eviction, flush, restart) must refuse later fills and puts, and
/// never admit one; nor may one that was lost or dropped admit anything when it reappears (a restart from a dump).
///
/// # What an implementer writes
/// The methods without a default, which are the core: a cache over it reads, loads, puts, evicts by key and by tag,
/// and protects from stampedes. The state machines of [`state`](super::state) decide for stores that keep values
/// of this process; `examples/custom_backend.rs` is such a store in a hundred lines. A store of bytes keeps what
/// [`encode_entry`](super::encode_entry) makes of a [`Draft`].
///
/// Then the capabilities that the store has: implement the trait, and return `Some(self)` from the method of its name. A cache
/// that is asked for what its backend lacks returns [`ErrorKind::Config`](crate::ErrorKind::Config) with the names of the
/// operation, the backend and the capability.
///
/// | capability | without it, these fail |
/// |---|---|
/// | [`Locks`] | `Cache::lock` |
/// | [`Counters`] | `Cache::increment` and `decrement` |
/// | [`RateLimits`] | rate limits |
/// | [`Topics`] | `Cache::events`; no event of an invalidation is published |
/// | [`Lifetimes`] | `Cache::ttl`, `Cache::expire`, sessions; an audit evicts instead of replacing |
/// | [`Rosters`] | nothing yet: near caches are to come |
/// | [`Keyspace`] | eviction by pattern and of a whole region, `Cache::keys`, the audit, the admin page's keys |
///
/// An eviction that needs a scan is refused without [`Keyspace`], and its other targets are evicted. After an outage in which
/// more evictions were queued than the queue holds, such a cache bypasses its namespace until the process restarts:
/// evicting all of it needs a scan.
///
/// [`crate::test_util::conformance`] tests the core and the declared capabilities.
#[async_trait]
pub trait Backend: Send + Sync + fmt::Debug + 'static {
    /// A short name for logs, metrics and errors, such as `redis`.
    fn name(&self) -> &'static str;

    /// Reads an entry and the live ids of `tags` in one round trip.
    ///
    /// Default: [`Backend::read_many`] with one key, at the cost of one more allocation.
    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read> {
        let (mut entries, tag_ids) = self.read_many(std::slice::from_ref(key), tags).await?;
        Ok(Read { entry: entries.pop().flatten(), tag_ids })
    }

    /// Reads many entries, and the live ids of `tags`, in one round trip, both in the order of the arguments. The ids
    /// must not be older than the entries: a store that reads one after the other reads the ids last.
    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)>;

    /// Returns the live ids of `tags`, creating random ones where there are none. An id may end by itself after an hour,
    /// or after the time that a fill or [`Backend::extend_tags`] gave it; without its id, an entry that carries the tag
    /// is invalid.
    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>>;

    /// Extends the lifetime of the existing ids of `tags` to at least `lifetime`: the whole lifetime of an entry that
    /// carries them. Creates none, and shortens none.
    ///
    /// Default: does nothing, which is right for a store whose ids do not end by themselves. In any other, entries would
    /// become invalid with the ids of their tags.
    async fn extend_tags(&self, tags: &[StoredKey], lifetime: Duration) -> Result<()> {
        let _ = (tags, lifetime);
        Ok(())
    }

    /// The store's present run, from a start to its end. Between two runs, acknowledged operations may have been lost: a
    /// tag's id that a dump restored proves nothing about the time in between.
    async fn run(&self) -> Result<RunId>;

    /// Requests the lease on a key.
    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease>;

    /// Takes the lease on a key for a value that is to be stored whatever is there, also within a grace. Returns the
    /// token to fill with, or `None` where a write intent is live. A value stays until the fill, unless it ends before
    /// the lease does.
    ///
    /// A live lease is taken over: its holder may fill until the new holder has, and is refused after that. So of
    /// several concurrent callers the one that took the lease last decides what is stored; and what drops the lease (an
    /// invalidation, an intent) refuses the fills of all of them.
    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>>;

    /// Stores `draft` if the lease `token` still exists, drops the lease and notifies; otherwise changes nothing. A draft
    /// of a version below the stored or last evicted one is refused, and the lease dropped. A lease that was taken over
    /// still exists in this sense, and stays with its new holder.
    ///
    /// Reads the live ids of `tags` (the draft's) after that, in the same round trip, and extends those of a stored draft to
    /// its lifetime.
    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled>;

    /// Returns a lease after a failed load and notifies. Returns whether it still existed. One that was taken over stays
    /// with its new holder.
    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool>;

    /// Removes each tag's id, then the value and lease of each key, and notifies. An intent stays, but its writers may no
    /// longer store; so does the version below which nothing may be stored. All tags are done before the first key.
    /// Returns how many keys held a value.
    ///
    /// For `grace` after that, nothing that is loaded is stored under the keys, or carries a live id of the tags:
    /// a lease is answered with [`Lease::Bypass`], a tag has no id, and [`Backend::tag_ids`] returns one that is not kept.
    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64>;

    /// Invalidates a tag by replacing its id with `fresh`, and returns the replaced id; `None` where the tag had none, which
    /// stays so. Both are one step, so that the answers of two such calls prove that no other change came between them.
    ///
    /// Default: invalidates the tag and returns `None`. That is safe: a put whose key depends on the written value then
    /// treats the evictions of its own call as another writer's, and stores nothing.
    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        let _ = fresh;
        self.invalidate(&[], std::slice::from_ref(tag), Duration::ZERO).await?;
        Ok(None)
    }

    /// Scans, and invalidates each selected key as [`Backend::invalidate`] does. A key that exists during the
    /// whole scan is found. Returns how many keys held a value.
    ///
    /// Default: [`Keyspace::scan`], then [`Keyspace::inspect`] for each name, one round trip each, and [`Backend::invalidate`]
    /// for each page.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) from the default, for a backend without [`Keyspace`].
    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64> {
        let Some(keyspace) = self.keyspace() else {
            return Err(Capability::Keyspace.missing("invalidate_matching", self.name()));
        };
        let (mut cursor, mut held) = (None, 0);
        loop {
            let page = keyspace.scan(selection.glob, cursor, SWEEP_PAGE).await?;
            let keys = entries_of(keyspace, page.keys, selection.region).await?;
            held += self.invalidate(&keys, &[], selection.grace).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(held);
            }
        }
    }

    /// Announces a write: removes value and lease and installs an intent that ends by itself after `ttl`.
    /// A second live intent on the key poisons both.
    async fn begin_write(&self, key: &StoredKey, region: RegionId, token: Token, ttl: Duration)
    -> Result<()>;

    /// Ends a write and notifies. The last of the writers removes the intent; a [`WriteEnd::Put`] is stored only if the write
    /// was the sole, unpoisoned one and its intent still exists; in every other case the key is left without a
    /// value. Returns whether it was stored.
    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool>;

    /// Closes tags for the writer `token`: until it opens them, and for at most `ttl`, they have no id, whatever other
    /// writers and invalidations do.
    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()>;

    /// Opens tags after the writer `token`. The last writer leaves a tag without an id, or, with a `grace`, closed for that
    /// long. Where the writer has not closed it, has opened it before, or its close has ended by itself,
    /// this is an invalidation.
    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()>;

    /// Starts to watch a key, or a lock: the returned [`Watch`] resolves after the next fill, release or
    /// invalidation of it, or the next [`Locks::unlock`]. Signals may be lost; every caller has a deadline.
    async fn watch(&self, key: &StoredKey) -> Result<Watch>;

    /// Checks that the store answers, over every connection that operations use.
    ///
    /// Default: [`Backend::run`].
    async fn ping(&self) -> Result<()> {
        self.run().await.map(drop)
    }

    /// What the store reports of itself, for administration and metrics.
    ///
    /// Default: the name alone.
    async fn info(&self) -> Result<BackendInfo> {
        Ok(BackendInfo::new(self.name()))
    }

    /// Locks, if the store has them. Default: `None`.
    fn locks(&self) -> Option<&dyn Locks> {
        None
    }

    /// Counters, if the store has them. Default: `None`.
    fn counters(&self) -> Option<&dyn Counters> {
        None
    }

    /// Rate limits, if the store has them. Default: `None`.
    fn rate_limits(&self) -> Option<&dyn RateLimits> {
        None
    }

    /// Publish and subscribe, if the store has them. Default: `None`.
    fn topics(&self) -> Option<&dyn Topics> {
        None
    }

    /// Lifetimes of stored values, if the store can read and change them. Default: `None`.
    fn lifetimes(&self) -> Option<&dyn Lifetimes> {
        None
    }

    /// Access by name to everything stored, if the store has it. Default: `None`.
    fn keyspace(&self) -> Option<&dyn Keyspace> {
        None
    }

    /// Rosters of near caches, if the store has them. Default: `None`.
    fn rosters(&self) -> Option<&dyn Rosters> {
        None
    }
}

/// Those of `names` that hold an entry, a lease or an intent, of `region` if it is given: a counter and a lock are none.
async fn entries_of(
    keyspace: &dyn Keyspace,
    names: Vec<StoredKey>,
    region: Option<RegionId>,
) -> Result<Vec<StoredKey>> {
    let mut entries = Vec::new();
    for name in names {
        let found = keyspace.inspect(&name).await?.region();
        if found.is_some_and(|found| region.is_none_or(|region| region == found)) {
            entries.push(name);
        }
    }
    Ok(entries)
}
