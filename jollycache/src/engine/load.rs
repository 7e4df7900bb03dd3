//! Reading: a hit with one call to the backend, and all that can happen on a miss.

#[cfg(feature = "http")]
mod look;
mod read;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::flight::{FlightKey, Landing, Leader, Role, Shared};
use super::repair::Coverage;
use super::ticket::{Grant, Ticket};
use super::{Engine, Region};
use crate::backend::{Lease, LeaseMode, LeaseRequest, Watch};
use crate::clock::{self, Millis};
use crate::entry::{Codec, Entry, Fingerprint, TagStamp, Token};
use crate::error::{Error, Result};
use crate::key::{Key, StoredKey, Tag};
use crate::policy::{Consistency, MAX_TAGS, Policy, Resolved, SingleFlight};
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
        let more =
            [ask.policies[0], ask.policies[1], &region.policy].into_iter().flat_map(|policy| &policy.tags);
        let mut tags: Vec<Tag> = ask.tags.iter().chain(more).cloned().collect();
        tags.sort_unstable();
        tags.dedup();
        tags.truncate(MAX_TAGS);
        let policy = region.resolve(ask.policies);
        if policy.consistency == Consistency::Ttl {
            tags.clear();
        }
        let key = engine.namespace.key(ask.key);
        let tag_keys: Vec<_> = tags.iter().map(|tag| engine.namespace.tag(tag)).collect();
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

/// What a leader got from the backend.
enum Acquired {
    /// A value after all, fresh, or stale while somebody else refreshes it.
    Value { entry: Entry, waited: bool },
    /// The lease, and what it replaces.
    Lease(Leased),
    /// Load, and do not store.
    Nothing,
}

/// The right to load and store.
#[derive(Debug)]
pub(super) struct Leased {
    pub(super) token: Token,
    pub(super) stale: Option<Entry>,
    pub(super) stamps: Vec<TagStamp>,
}

impl Lookup {
    /// Whether this caller can read `entry`.
    fn can_read(&self, entry: &Entry) -> bool {
        entry.codec.is_some()
            && entry.fingerprint == self.type_of.fingerprint
            && entry.schema == self.type_of.schema
            && (self.takes_none || !entry.none)
    }

    fn may_serve_stale(&self, entry: &Entry) -> bool {
        (self.serves_stale)(entry, clock::now_ms())
    }

    fn flight_key(&self) -> FlightKey {
        FlightKey { key: self.key.clone(), fingerprint: self.type_of.fingerprint }
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
            lookup.region.tracker.count(Count::Bypass);
            return Ok(Box::pin(self.load_unleased(lookup, None, Grant::Bypass)).await);
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
        let dropped = self.guarded(
            &lookup.region,
            lookup.policy.timeout,
            self.backend.invalidate(keys, &[], Duration::ZERO),
        );
        match dropped.await {
            Ok(_) => Box::pin(self.miss(lookup, Seen::default())).await,
            Err(error) => Box::pin(self.broken(lookup, error)).await,
        }
    }

    /// Has the caller load, because what [`Engine::find`] gave it does not decode.
    pub(crate) async fn find_readable(self: &Arc<Self>, lookup: &Lookup) -> Result<Found> {
        lookup.region.tracker.count(Count::UnreadableEntry);
        Box::pin(self.miss(lookup, Seen { unreadable: true, ..Seen::default() })).await
    }

    /// Asks for the lease once, without waiting. `None` if the caller may only load for itself.
    pub(crate) async fn try_lease(self: &Arc<Self>, lookup: &Lookup) -> Option<Box<Ticket>> {
        self.ensure_worker();
        let lookup = Lookup {
            policy: Resolved { single_flight: SingleFlight::Off, ..lookup.policy },
            ..lookup.clone()
        };
        match self.acquire(&lookup, Seen::default()).await {
            Ok(Acquired::Lease(leased)) => Some(Ticket::leased(self, &lookup, None, leased)),
            Ok(Acquired::Value { .. } | Acquired::Nothing) | Err(_) => None,
        }
    }

    async fn miss(self: &Arc<Self>, lookup: &Lookup, mut seen: Seen) -> Result<Found> {
        self.ensure_worker();
        for _ in 0..MAX_ROUNDS {
            match self.join(lookup, &mut seen).await {
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
    async fn join(&self, lookup: &Lookup, seen: &mut Seen) -> Step {
        if lookup.policy.single_flight == SingleFlight::Off {
            return Step::Lead(None);
        }
        let mut follower = match self.flights.join(lookup.flight_key()) {
            Role::Leader(leader) => return Step::Lead(Some(leader)),
            Role::Crowded => return Step::Alone,
            Role::Follower(follower) => follower,
        };
        if let Some(stale) = seen.stale.take().filter(|stale| lookup.may_serve_stale(stale)) {
            return Step::Done(Found::cached(stale));
        }
        lookup.region.tracker.count(Count::FlightJoin);
        match tokio::time::timeout(lookup.time_left(), follower.landed()).await {
            Ok(Landing::Value(Shared { none, payload })) => Step::Done(Found::Shared { none, payload }),
            Ok(Landing::Failed(Some(failure))) => Step::Done(Found::SharedFailure(failure)),
            Ok(Landing::Failed(None) | Landing::Alone) | Err(_) => Step::Alone,
            Ok(Landing::Retry) => Step::Again,
        }
    }

    /// Gets the leader something to serve, or the right to load it.
    async fn lead(self: &Arc<Self>, lookup: &Lookup, leader: Option<Leader>, seen: Seen) -> Result<Found> {
        match self.acquire(lookup, seen).await {
            // A hit is the reader's own: followers may have started after an invalidation that it does not know of.
            Ok(Acquired::Value { entry, waited }) => Ok(Found::Entry { entry, waited }),
            Ok(Acquired::Lease(leased)) => Ok(Found::Load(Ticket::leased(self, lookup, leader, leased))),
            Err(error) if lookup.propagates => Err(error),
            Ok(Acquired::Nothing) => Ok(self.load_unleased(lookup, leader, Grant::Bypass).await),
            Err(_) => Ok(self.load_unleased(lookup, leader, Grant::Broken).await),
        }
    }

    /// Asks for the lease, and waits for whoever has it, until there is a value, a lease or no time left.
    async fn acquire(&self, lookup: &Lookup, seen: Seen) -> Result<Acquired> {
        let stamps = self.stamp_tags(lookup, &seen.tag_ids).await?;
        let token = Token::random();
        let (mut watch, mut replace, mut others_failed) = (None::<Watch>, seen.unreadable, false);
        loop {
            let request = LeaseRequest {
                key: &lookup.key,
                region: lookup.region.id,
                token,
                ttl: lookup.policy.lease,
                live_tags: &stamps,
                mode: if replace { LeaseMode::Replace } else { LeaseMode::Load },
            };
            let answer =
                self.guarded(&lookup.region, lookup.policy.timeout, self.backend.lease(request)).await?;
            let (stale, remaining) = match answer {
                Lease::Hit(entry) if self.may_serve(lookup, &entry, &stamps).await? => {
                    return Ok(Acquired::Value { entry, waited: watch.is_some() });
                }
                // It was refused for what only this reader can tell, so ask again, and say so.
                Lease::Hit(_) if replace => return Ok(Acquired::Nothing),
                Lease::Hit(_) => {
                    replace = true;
                    continue;
                }
                Lease::Leased { stale } => {
                    let stale = self.servable(lookup, stale, &stamps).await;
                    return Ok(Acquired::Lease(Leased { token, stale, stamps }));
                }
                Lease::Wait { stale, remaining } => (stale, remaining),
                Lease::Bypass { .. } => return Ok(Acquired::Nothing),
            };
            let stale = stale.filter(|stale| lookup.may_serve_stale(stale));
            if let Some(stale) = self.servable(lookup, stale, &stamps).await {
                return Ok(Acquired::Value { entry: stale, waited: false });
            }
            replace = false;
            let patience = lookup.time_left().min(remaining);
            let waits =
                lookup.policy.single_flight == SingleFlight::Cluster && !patience.is_zero() && !others_failed;
            if !waits {
                return Ok(Acquired::Nothing);
            }
            others_failed = self.await_news(lookup, &mut watch, patience).await?;
        }
    }

    /// A stale value, if it may be served; one that cannot be judged may not.
    pub(super) async fn servable(
        &self,
        lookup: &Lookup,
        stale: Option<Entry>,
        live: &[TagStamp],
    ) -> Option<Entry> {
        let stale = stale?;
        matches!(self.may_serve(lookup, &stale, live).await, Ok(true)).then_some(stale)
    }

    /// Waits for news of the key, for at most `patience`. Returns whether the news is a failed load: then the next
    /// one may fail as well, and nobody should stand in a queue for that.
    pub(super) async fn await_news(
        &self,
        lookup: &Lookup,
        watch: &mut Option<Watch>,
        patience: Duration,
    ) -> Result<bool> {
        use crate::backend::Signal;
        let Some(watch) = watch else {
            // News may have come before the watch began, so the lease is asked for once more before waiting.
            lookup.region.tracker.count(Count::LeaseWait);
            let begun = self.guarded(&lookup.region, lookup.policy.timeout, self.backend.watch(&lookup.key));
            *watch = Some(begun.await?);
            return Ok(false);
        };
        // A lost message costs the rest of the other's lease, no more.
        Ok(matches!(tokio::time::timeout(patience, watch.changed()).await, Ok(Signal::Failed)))
    }

    /// The declared tags with their ids, made where there are none. This is the snapshot before the load.
    pub(super) async fn stamp_tags(&self, lookup: &Lookup, ids: &[Option<Token>]) -> Result<Vec<TagStamp>> {
        let stamps = lookup.stamps(ids);
        if stamps.len() == lookup.tags.len() {
            return Ok(stamps);
        }
        let made = self.backend.tag_ids(&lookup.tag_keys);
        let ids = self.guarded(&lookup.region, lookup.policy.timeout, made).await?;
        Ok(lookup.stamps(&ids.into_iter().map(Some).collect::<Vec<_>>()))
    }

    /// The backend failed a read: the load runs all the same.
    async fn broken(self: &Arc<Self>, lookup: &Lookup, error: Error) -> Result<Found> {
        if lookup.propagates {
            return Err(error);
        }
        lookup.region.tracker.count(Count::Bypass);
        self.ensure_worker();
        let mut seen = Seen::default();
        for _ in 0..MAX_ROUNDS {
            match self.join(lookup, &mut seen).await {
                Step::Done(found) => return Ok(found),
                Step::Lead(leader) => return Ok(self.load_unleased(lookup, leader, Grant::Broken).await),
                Step::Alone => break,
                Step::Again => {}
            }
        }
        Ok(self.load_unleased(lookup, None, Grant::Broken).await)
    }

    /// A load that may not be stored, in its turn and at a bounded number at once.
    ///
    /// Nobody can say whether an invalidation overtakes such a load, so its flight is sealed before it begins: then
    /// it began after all its followers did. Who comes later gathers in the next flight, whose leader waits here
    /// for its turn.
    async fn load_unleased(self: &Arc<Self>, lookup: &Lookup, leader: Option<Leader>, grant: Grant) -> Found {
        let turn = match &leader {
            Some(leader) => tokio::time::timeout(lookup.time_left(), leader.turn()).await.ok(),
            None => None,
        };
        let permit = self.load_permit(lookup.time_left()).await;
        Found::Load(Ticket::unleased(self, lookup, leader, grant, (turn, permit)))
    }
}
