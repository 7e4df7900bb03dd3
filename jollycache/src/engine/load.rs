//! Reading: a hit with one call to the backend, and all that can happen on a miss.

mod lead;
#[cfg(feature = "http")]
mod look;
mod many;
mod read;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) use self::lead::Leased;
use super::Engine;
use super::flight::{FlightKey, Landing, Leader, Role, Shared};
use super::repair::Coverage;
use super::ticket::{Grant, Ticket};
use crate::clock::{self, Millis};
use crate::entry::{Codec, Entry, Fingerprint, TagStamp, Token};
use crate::error::{Error, Result};
use crate::key::{Key, StoredKey, Tag};
use crate::policy::{Policy, Resolved, SingleFlight, check_tags};
use crate::region::Region;
use crate::store::{Call, Store};
use crate::tracker::Count;

/// How often one read starts again before it loads alone: followers whose leader's value was its own, mostly.
const MAX_ROUNDS: usize = 8;

/// The type that a reader expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeOf {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) schema: u16,
}

/// One read.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    pub(crate) region: Arc<Region>,
    pub(crate) key: StoredKey,
    pub(crate) tags: Vec<Tag>,
    pub(crate) tag_keys: Vec<StoredKey>,
    pub(crate) policy: Resolved,
    /// What had not been delivered when the read began.
    pub(crate) undelivered: Coverage,
    pub(crate) type_of: TypeOf,
    /// Whether the caller can take a cached `None`.
    pub(crate) takes_none: bool,
    /// Whether a broken cache fails the call; else it is told to load.
    pub(crate) propagates: bool,
    /// Whether an entry past its ttl may be served while somebody else loads.
    pub(crate) serves_stale: fn(&Entry, Millis) -> bool,
    /// The format of what is stored.
    pub(crate) codec: Codec,
    pub(crate) started: Instant,
}

/// What a [`Lookup`] is made of.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) region: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) tags: &'a [Tag],
    /// What the call says, and what its attribute says.
    pub(crate) policies: [&'a Policy; 2],
    pub(crate) type_of: TypeOf,
}

impl Lookup {
    pub(crate) fn new(engine: &Engine, ask: &Ask<'_>) -> Self {
        let region = engine.region(ask.region);
        let policy = region.resolve(ask.policies);
        let layers = ask.policies.iter().flat_map(|policy| &policy.tags);
        let tags = region.tags(policy.consistency, ask.tags.iter().chain(layers));
        let key = engine.namespace().key(ask.key);
        let tag_keys: Vec<_> = tags.iter().map(|tag| engine.namespace().tag(tag)).collect();
        Lookup {
            undelivered: engine.repair.coverage(&key, &tag_keys, region.id),
            key,
            tag_keys,
            tags,
            policy,
            type_of: ask.type_of,
            takes_none: false,
            propagates: false,
            serves_stale: |_, _| true,
            codec: Codec::Json,
            started: clock::now(),
            region,
        }
    }
}

/// What a read comes to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A value from the cache, fresh, or stale within its window; `waited` tells whether another process was loading it
    /// when this caller came.
    Entry { entry: Entry, waited: bool },
    /// A value that another caller of this process loaded.
    Shared { none: bool, payload: bytes::Bytes },
    /// The failure of another caller's load.
    SharedFailure(Arc<dyn Any + Send + Sync>),
    /// The caller is to load.
    Load(Box<Ticket>),
}

impl Found {
    fn cached(entry: Entry) -> Self {
        Found::Entry { entry, waited: false }
    }
}

/// What a caller saw by itself, after it started.
#[derive(Debug, Default)]
struct Seen {
    tag_ids: Vec<Option<Token>>,
    /// A value past its ttl.
    stale: Option<Entry>,
    /// There is a fresh value, which turned out not to decode.
    unreadable: bool,
}

/// How a caller goes on from a miss.
enum Step {
    Done(Found),
    Lead(Option<Leader>),
    /// Load without waiting for anybody.
    Alone,
    /// Look again: what the flight came to says nothing to this caller.
    Again,
}

impl Lookup {
    /// Whether this caller can read `entry`.
    fn can_read(&self, entry: &Entry) -> bool {
        entry.codec.is_some()
            && entry.fingerprint == self.type_of.fingerprint
            && entry.schema == self.type_of.schema
            && (self.takes_none || !entry.none)
    }

    /// Fails, and counts it, if no entry can hold the declared tags. They are never cut: what one of them evicts would be
    /// served.
    fn check_tags(&self) -> Result<()> {
        check_tags(self.tags.len()).inspect_err(|error| self.region.reject(error))
    }

    fn may_serve_stale(&self, entry: &Entry) -> bool {
        (self.serves_stale)(entry, clock::now_ms())
    }

    fn flight_key(&self, bypasses: bool) -> FlightKey {
        FlightKey { key: self.key.clone(), fingerprint: self.type_of.fingerprint, bypasses }
    }

    /// One operation of this read.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub(super) fn call<'s>(&'s self, store: &'s Store) -> Result<Call<'s>> {
        store.call(&self.region, self.policy.timeout)
    }

    /// How long this caller still waits for others.
    pub(super) fn time_left(&self) -> Duration {
        (self.started + self.policy.wait).saturating_duration_since(clock::now())
    }

    /// The declared tags that have an id, with it.
    fn stamps(&self, ids: &[Option<Token>]) -> Vec<TagStamp> {
        let known = self.tags.iter().zip(ids).filter_map(|(tag, id)| id.map(|id| (tag, id)));
        known.map(|(tag, id)| TagStamp { name: tag.as_str().into(), id }).collect()
    }
}

impl Engine {
    /// Looks `lookup` up. Fails only for a lookup that propagates errors.
    pub(crate) async fn find(self: &Arc<Self>, lookup: &Lookup) -> Result<Found> {
        if lookup.undelivered.is_of_key() {
            return Ok(Box::pin(self.load_directly(lookup, Grant::Bypass)).await);
        }
        match self.look(lookup).await {
            Ok((Some(entry), _)) if entry.is_fresh(clock::now_ms()) => Ok(Found::cached(entry)),
            Ok((stale, tag_ids)) => {
                Box::pin(self.miss(lookup, Seen { tag_ids, stale, unreadable: false })).await
            }
            Err(error) => Box::pin(self.broken(lookup, error)).await,
        }
    }

    /// Has the caller load, and replace whatever is there.
    pub(crate) async fn find_nothing(self: &Arc<Self>, lookup: &Lookup) -> Result<Found> {
        // Dropping the value first also drops the lease of a load that began before this call.
        let keys = std::slice::from_ref(&lookup.key);
        match self.invalidate_at_once(lookup, keys).await {
            Ok(_) => Box::pin(self.miss(lookup, Seen::default())).await,
            Err(error) => Box::pin(self.broken(lookup, error)).await,
        }
    }

    /// Has the caller load, because what [`Engine::find`] gave it does not decode.
    pub(crate) async fn find_readable(self: &Arc<Self>, lookup: &Lookup) -> Result<Found> {
        lookup.region.tracker.count(Count::UnreadableEntry);
        Box::pin(self.miss(lookup, Seen { unreadable: true, ..Seen::default() })).await
    }

    /// Invalidates `keys` on behalf of a read, without a grace.
    async fn invalidate_at_once(&self, lookup: &Lookup, keys: &[StoredKey]) -> Result<u64> {
        lookup.call(&self.store)?.invalidate(keys, &[], Duration::ZERO).await
    }

    async fn miss(self: &Arc<Self>, lookup: &Lookup, mut seen: Seen) -> Result<Found> {
        self.ensure_worker();
        for _ in 0..MAX_ROUNDS {
            match self.join(lookup, lookup.flight_key(false), &mut seen).await {
                Step::Done(found) => return Ok(found),
                Step::Lead(leader) => return self.lead(lookup, leader, seen).await,
                Step::Alone => break,
                Step::Again => match self.look(lookup).await {
                    Ok((Some(entry), _)) if entry.is_fresh(clock::now_ms()) => {
                        return Ok(Found::cached(entry));
                    }
                    Ok((stale, tag_ids)) => seen = Seen { tag_ids, stale, unreadable: false },
                    Err(error) => return self.broken(lookup, error).await,
                },
            }
        }
        Ok(self.load_unleased(lookup, None, Grant::Bypass).await)
    }

    /// Takes part in the key's flight: as its leader, or by waiting for it.
    async fn join(&self, lookup: &Lookup, flight: FlightKey, seen: &mut Seen) -> Step {
        if lookup.policy.single_flight == SingleFlight::Off {
            return Step::Lead(None);
        }
        if self.is_reentered(lookup) {
            return Step::Alone;
        }
        let now = clock::now();
        let mut follower = match self.flights.join(flight, now, lookup.policy.lease) {
            Role::Leader(leader) => return Step::Lead(Some(leader)),
            Role::Crowded => return Step::Alone,
            Role::Follower(follower) => follower,
        };
        if let Some(stale) = seen.stale.take().filter(|stale| lookup.may_serve_stale(stale)) {
            return Step::Done(Found::cached(stale));
        }
        lookup.region.tracker.count(Count::FlightJoin);
        let patience = lookup.time_left().min(follower.time_left(now));
        match tokio::time::timeout(patience, follower.landed()).await {
            Ok(Landing::Value(Shared { none, payload })) => Step::Done(Found::Shared { none, payload }),
            Ok(Landing::Failed(Some(failure))) => Step::Done(Found::SharedFailure(failure)),
            Ok(Landing::Failed(None) | Landing::Alone) => Step::Alone,
            Err(_) if lookup.time_left().is_zero() => Step::Alone,
            // The leader is gone, or its lease is over: what it may still load cannot be shared.
            Ok(Landing::Retry) | Err(_) => Step::Again,
        }
    }

    /// The backend failed a read: the load runs all the same.
    async fn broken(self: &Arc<Self>, lookup: &Lookup, error: Error) -> Result<Found> {
        if lookup.propagates {
            return Err(error);
        }
        Ok(self.load_directly(lookup, Grant::Broken).await)
    }

    /// Has one caller of the process after another load past the backend, for all who wait for it.
    async fn load_directly(self: &Arc<Self>, lookup: &Lookup, grant: Grant) -> Found {
        lookup.region.tracker.count(Count::Bypass);
        self.ensure_worker();
        let mut seen = Seen::default();
        for _ in 0..MAX_ROUNDS {
            match self.join(lookup, lookup.flight_key(true), &mut seen).await {
                Step::Done(found) => return found,
                Step::Lead(leader) => return self.load_unleased(lookup, leader, grant).await,
                Step::Alone => break,
                Step::Again => {}
            }
        }
        self.load_unleased(lookup, None, grant).await
    }
}
