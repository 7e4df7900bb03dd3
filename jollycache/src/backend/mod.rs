//! Backends: where entries are kept. Bytes only; each call is one step of the protocol, atomic on its key.
//!
//! The operations are those of [docs/semantics.md](crate::docs::semantics). Whoever implements [`Backend`] runs
//! [`crate::test_util::conformance`] against it.

mod info;
#[cfg(feature = "memory")]
mod memory;
mod notify;
mod pulse;
#[cfg(any(feature = "memory", feature = "rate-limit"))]
mod rate_store;
#[cfg(feature = "redis")]
mod redis;
pub mod state;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::info::BackendInfo;
#[cfg(feature = "memory")]
pub use self::memory::{DEFAULT_MAX_BYTES, MemoryBackend};
pub use self::notify::{Delivery, SUBSCRIPTION_BUFFER, Signal, Subscribers, Subscription, Watch, Watchers};
pub use self::pulse::Pulse;
#[cfg(any(feature = "memory", feature = "rate-limit"))]
pub(crate) use self::rate_store::RateStore;
#[cfg(feature = "redis")]
pub use self::redis::{RedisBackend, RedisBuilder};

pub use crate::entry::{
    Codec, Draft, Entry, Fingerprint, MAX_RECORD_TAGS, Record, RegionId, RunId, TagStamp, Token, Version,
    decode_record, encode_entry, record_run,
};
use crate::error::Result;
use crate::key::StoredKey;
pub use crate::protocol::{
    Filled, Inspection, Lease, LeaseMode, LeaseRequest, LockAnswer, MAX_LOG_QUOTA, MAX_RATE_REQUESTS,
    MAX_RATE_WINDOW, RateAlgorithm, RateMode, RateRequest, RateRule, RateVerdict, Read, ScanCursor, ScanPage,
    Selection, WriteEnd,
};

/// A store for entries.
///
/// # Contract
/// Each method is atomic on each key it names. A method that returns an error may or may not have happened.
/// Dropping a returned future is allowed at any time and leaves the store as if the method had, or had not,
/// happened. No method waits for another caller: waiting is done through [`Backend::watch`].
/// Losing a lease, an intent or a tag's id (eviction, flush, restart) must never admit a fill or a put, only
/// refuse it; nor must finding one again that had been lost or dropped (a restart from a dump).
#[async_trait]
pub trait Backend: Send + Sync + fmt::Debug + 'static {
    /// A short name for logs and metrics, such as `redis`.
    fn name(&self) -> &'static str;

    /// Reads an entry and the live ids of `tags` in one round trip.
    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read>;

    /// Reads many entries, and the live ids of `tags`, in one round trip. Entries come in the order of `keys`.
    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)>;

    /// Returns the live ids of `tags`, making new random ones where there are none. An id may end by itself after an hour,
    /// or when it is no longer needed by a fill or [`Backend::extend_tags`]; without it, what carries it is invalid.
    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>>;

    /// Sees to it that the ids of `tags` that are there last for at least `lifetime`: the whole lifetime of an entry that
    /// carries them. Makes none, and shortens none.
    async fn extend_tags(&self, tags: &[StoredKey], lifetime: Duration) -> Result<()>;

    /// The store's present run, from a start to its end. Between two runs, what was acknowledged may have been lost: a
    /// tag's id that a dump brought back proves nothing about the time in between.
    async fn run(&self) -> Result<RunId>;

    /// Asks for the lease on a key.
    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease>;

    /// Takes the lease on a key for a value that is to be stored whatever is there, also within a grace. Returns the
    /// token to fill with, or `None` where a write intent is live. A value stays until the fill, unless it ends before
    /// the lease does.
    ///
    /// A live lease is taken over: who held it may fill until the new holder has, and is refused after that. So of
    /// several callers at once the one that took the lease last has the last word; and what drops the lease (an
    /// invalidation, an intent) refuses the fills of all of them.
    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>>;

    /// Stores `draft` if the lease `token` is still there, drops the lease and notifies; else does nothing. A draft
    /// of a version below the stored or last evicted one is refused, and the lease dropped. A lease that another took
    /// over is still there for this, and stays the other's.
    /// Reads the live ids of `tags` (the draft's) after that, in the same round trip, and lets those of a stored draft last
    /// as long as it.
    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled>;

    /// Gives a lease back after a failed load and notifies. Returns whether it was still there. One that another took
    /// over stays the other's.
    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool>;

    /// Takes each tag's id away, then drops value and lease of each key and notifies. An intent stays, but
    /// none of its writers may store any more; the memory of the version that fell stays too. The tags are done
    /// before the first key. Returns how many keys held a value.
    ///
    /// For `grace` after that, nothing that is loaded is stored under the keys, or carries a live id of the tags:
    /// a lease is answered with [`Lease::Bypass`], a tag has no id, and [`Backend::tag_ids`] makes one up.
    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64>;

    /// Invalidates a tag by giving it the id `fresh` instead of the one that it has, which is returned. `None` where there
    /// was none, which stays so, and from a backend that cannot say.
    ///
    /// Both are one step, so that the answers of two such calls show what came between them. The default invalidates and
    /// answers `None`, which is safe: a put whose key is known late then takes its own call's evictions for another writer's.
    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        let _ = fresh;
        self.invalidate(&[], std::slice::from_ref(tag), Duration::ZERO).await?;
        Ok(None)
    }

    /// Scans, and invalidates each key found as [`Backend::invalidate`] does. A key that is there during the
    /// whole scan is found. Returns how many keys held a value.
    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64>;

    /// Announces a write: drops value and lease and installs an intent that ends by itself after `ttl`.
    /// A second live intent on the key poisons both.
    async fn begin_write(&self, key: &StoredKey, region: RegionId, token: Token, ttl: Duration)
    -> Result<()>;

    /// Ends a write. The last of the writers removes the intent; a [`WriteEnd::Put`] is stored only if the write
    /// was the sole, unpoisoned one and its intent is still there; in every other case the key is left without a
    /// value. Notifies. Returns whether it was stored.
    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool>;

    /// Closes tags for the writer `token`: for at most `ttl`, or until it opens them, they have no id, whatever other
    /// writers and invalidations do.
    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()>;

    /// Opens tags after the writer `token`: the last writer's leaves the tag without an id, or, with a `grace`, closed for
    /// so long. Where the writer has not closed it, has opened it before, or its close has ended by itself,
    /// it is an invalidation.
    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()>;

    /// Starts to watch a key, or a lock: the returned [`Watch`] resolves after the next fill, release or
    /// invalidation of it, or the next [`Backend::unlock`]. Messages may be lost; nobody waits without a deadline.
    async fn watch(&self, key: &StoredKey) -> Result<Watch>;

    /// Sends a message to all who subscribe to `channel` at this time, in the order of the calls of one caller that
    /// awaits each. Best effort: messages may be lost, and nothing is kept for those who come later.
    ///
    /// A channel belongs to the store's server as a whole, whatever part of it the entries are in.
    async fn publish(&self, channel: &StoredKey, message: Bytes) -> Result<()>;

    /// Subscribes to `channel`: whatever is published after this returned comes, or the subscriber is told that it
    /// missed something.
    async fn subscribe(&self, channel: &StoredKey) -> Result<Subscription>;

    /// Takes a lock for `ttl`, if nobody else has it. Who has it already gets it for `ttl` from now, under the same
    /// fence.
    ///
    /// A fence is greater than every one before it under the same name, also where the store has forgotten those:
    /// it starts from the time in microseconds.
    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer>;

    /// Lets a lock end `ttl` from now, if `token` still has it. Returns whether it has.
    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool>;

    /// Gives a lock back, if `token` still has it, and notifies. Returns whether it had.
    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool>;

    /// The remaining hard lifetime of a value; `None` without a value.
    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>>;

    /// What is kept under a key, for people to look at; nothing of the protocol goes by it.
    async fn inspect(&self, key: &StoredKey) -> Result<Inspection>;

    /// Gives a value a new lifetime from now, without a stale window. Returns whether there was one.
    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool>;

    /// Adds to a counter, which starts at zero, and returns the sum. `ttl` is set when the counter is made.
    /// Fails with [`ErrorKind::Backend`](crate::ErrorKind::Backend) where the sum would overflow.
    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64>;

    /// Asks rate limits for room, and with [`RateMode::Take`] takes it from each if all have enough, from none if not.
    /// Verdicts come in the order of `requests`, and tell of the time after what was taken.
    ///
    /// Time is the store's. Where its clock goes back, nothing counts for more than a window longer, and nothing is
    /// forgotten.
    /// Fails with [`ErrorKind::Config`](crate::ErrorKind::Config) for more than [`MAX_RATE_REQUESTS`], or for a name
    /// that comes twice.
    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>>;

    /// One page of the names that match a glob. A cursor that cannot be one of this backend's may be refused with
    /// [`ErrorKind::Config`](crate::ErrorKind::Config).
    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage>;

    /// Deletes names, whatever they hold. Not for entries: it keeps no promise of the protocol.
    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()>;

    /// Asks the store whether it is there.
    async fn ping(&self) -> Result<()>;

    /// What the store tells about itself.
    async fn info(&self) -> Result<BackendInfo>;
}
