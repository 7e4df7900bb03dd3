//! `Decision`: what stored responses come to for one request. Not generic: nothing here knows the service.

use bytes::Bytes;
use http::HeaderMap;

use super::freshness::Use;
use super::record::{Index, Record, Stored, Whose};
use super::request::Asked;
use super::settings::Settings;
use super::status::{CacheStatus, Forwarded};
use super::vary;
use crate::clock;
use crate::engine::{Found, Lookup, Ticket};
use crate::entry::Entry;
use crate::key::Key;
use crate::tracker::{Count, Timed};

/// How often one request starts anew before it goes on alone: an index leads to a variant, and a leader's word that
/// its response was its own leads to another look.
const MAX_STEPS: usize = 6;

/// Where a response is, or is to be stored.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) lookup: Lookup,
    /// What leads here, for a variant.
    pub(super) index: Option<Index>,
}

/// See the module.
#[derive(Debug)]
pub(super) enum Decision {
    /// A stored response answers.
    Serve(Stored, CacheStatus),
    /// A stored response answers, and the service is asked for a newer one meanwhile.
    Refresh(Stored, CacheStatus, Box<Loading>),
    /// The service is asked.
    Load(Box<Loading>),
    /// The service is asked, and nothing is stored.
    Pass(CacheStatus),
    /// Nothing is stored that may answer, and the request does not want the service to be asked.
    Unavailable,
}

/// A load to come.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) place: Place,
    /// The duty to tell what comes of it; `None` for a load of the caller's own.
    pub(super) ticket: Option<Box<Ticket>>,
    /// What is stored and not fresh.
    pub(super) stored: Option<Stored>,
    /// Whether something was stored when the load began.
    pub(super) replaces: bool,
    pub(super) status: CacheStatus,
}

/// What a record comes to for one request.
#[derive(Debug)]
enum Judgement {
    Serve(Stored),
    Variant(Index),
    Pass(&'static str),
    /// Load, and wait for others who do; or, with `replaces`, whatever is there.
    Load {
        replaces: bool,
    },
    /// Validate it, waiting for nobody.
    Validate(Stored, Forwarded),
}

impl Settings {
    /// Looks for a stored response.
    pub(super) async fn decide(&self, asked: &Asked, request: &HeaderMap) -> Decision {
        let decision = self.search(asked, request).await;
        let asks_the_service = matches!(decision, Decision::Load(_) | Decision::Pass(_));
        if asks_the_service && asked.directives.has("only-if-cached") {
            return Decision::Unavailable;
        }
        decision
    }

    async fn search(&self, asked: &Asked, request: &HeaderMap) -> Decision {
        let engine = &self.cache.engine;
        let mut place = Place { lookup: self.lookup(&asked.key, asked), index: None };
        for _ in 0..MAX_STEPS {
            let look = engine.look_at(&place.lookup).await;
            let judgement = match &look.entry {
                Some(entry) => {
                    let seen = if entry.is_fresh(clock::now_ms()) { Seen::Fresh } else { Seen::Stale };
                    judge(asked, &place, entry.payload.clone(), seen)
                }
                None => Judgement::Load { replaces: false },
            };
            let replaces = match judgement {
                Judgement::Load { .. } if asked.reads_only => {
                    let why = if look.entry.is_some() { Forwarded::Stale } else { place.miss() };
                    return Decision::Pass(CacheStatus::forwarded(why));
                }
                Judgement::Load { replaces } => replaces,
                Judgement::Variant(index) => {
                    place = self.variant(asked, request, index);
                    continue;
                }
                settled => return self.settled(asked, place, settled, look.entry.as_ref(), false).await,
            };
            if asked.directives.has("only-if-cached") {
                return Decision::Unavailable;
            }
            let (record, collapsed) = match engine.find_after(&place.lookup, look, replaces).await {
                Ok(Found::Load(ticket)) => return self.lead(asked, place, ticket),
                Ok(Found::Entry { entry, .. }) => (entry.payload, false),
                Ok(Found::Shared { payload, .. }) => (payload, true),
                Ok(Found::SharedFailure(_)) | Err(_) => return place.alone(),
            };
            match judge(asked, &place, record, Seen::Found) {
                Judgement::Variant(index) => place = self.variant(asked, request, index),
                // The leader's response is its own, and what it left says so: look at that.
                Judgement::Load { replaces: true } => {}
                Judgement::Load { replaces: false } => return place.alone(),
                settled => return self.settled(asked, place, settled, None, collapsed).await,
            }
        }
        Decision::Pass(CacheStatus::bypass("contended"))
    }

    async fn settled(
        &self,
        asked: &Asked,
        place: Place,
        judgement: Judgement,
        entry: Option<&Entry>,
        collapsed: bool,
    ) -> Decision {
        match judgement {
            Judgement::Serve(stored) => {
                place.count_served(entry);
                let status = self.hit(asked, &stored, collapsed);
                Decision::Serve(stored, status)
            }
            Judgement::Pass(detail) => Decision::Pass(CacheStatus::bypass(detail)),
            Judgement::Validate(_, why) if asked.reads_only => Decision::Pass(CacheStatus::forwarded(why)),
            Judgement::Validate(stored, why) => {
                // What is under the lease counts, not what was seen before: an eviction may have come in between.
                let (ticket, stored) = match self.cache.engine.try_refresh(&place.lookup).await {
                    Some((old, ticket)) => (Some(ticket), old.and_then(|entry| response_of(entry.payload))),
                    None => (None, Some(stored)),
                };
                let replaces = stored.is_some();
                let status = CacheStatus { key: self.shown_key(asked), ..CacheStatus::forwarded(why) };
                place.lookup.region.tracker.count(Count::Miss);
                Decision::Load(Box::new(Loading { place, ticket, stored, replaces, status }))
            }
            Judgement::Variant(_) | Judgement::Load { .. } => place.alone(),
        }
    }

    /// This request loads for all who wait.
    fn lead(&self, asked: &Asked, place: Place, mut ticket: Box<Ticket>) -> Decision {
        let stored = ticket.take_stale().and_then(|entry| response_of(entry.payload));
        let replaces = stored.is_some();
        place.lookup.region.tracker.count(Count::Miss);
        let why = if stored.is_some() { Forwarded::Stale } else { place.miss() };
        let status =
            if ticket.may_store() { CacheStatus::forwarded(why) } else { CacheStatus::bypass("no-lease") };
        let status = CacheStatus { key: self.shown_key(asked), ..status };
        let usable =
            stored.as_ref().map(|stored| stored.freshness.usable(&asked.directives, clock::now_ms()));
        let may_wait = ticket.may_store() && usable == Some(Use::ServedWhileRevalidating);
        let loading = Box::new(Loading { place, ticket: Some(ticket), stored, replaces, status });
        match &loading.stored {
            Some(stored) if may_wait => {
                let served = self.hit(asked, stored, false);
                Decision::Refresh(stored.clone(), served, loading)
            }
            _ => Decision::Load(loading),
        }
    }

    /// The place of the variant that an index leads to.
    pub(super) fn variant(&self, asked: &Asked, request: &HeaderMap, index: Index) -> Place {
        let generation = format!("{:032x}", u128::from_be_bytes(index.generation.0));
        let digest = vary::digest(&index.names, request);
        // Escaping what is escaped already keeps two keys two.
        let key = Key::builder().literal(asked.key.as_str()).literal(":variant:").part(&generation);
        let key = key.literal(":").part(&digest).build();
        Place { lookup: self.lookup(&key, asked), index: Some(index) }
    }

    fn hit(&self, asked: &Asked, stored: &Stored, collapsed: bool) -> CacheStatus {
        let ttl = Some(stored.freshness.ttl(clock::now_ms()));
        CacheStatus { ttl, collapsed, key: self.shown_key(asked), ..CacheStatus::default() }
    }

    fn shown_key(&self, asked: &Asked) -> Option<String> {
        self.shows_key.then(|| asked.key.as_str().to_owned())
    }
}

impl Place {
    /// The load of a request for itself alone.
    fn alone(self) -> Decision {
        self.lookup.region.tracker.count(Count::Miss);
        let status = CacheStatus::forwarded(self.miss());
        Decision::Load(Box::new(Loading { place: self, ticket: None, stored: None, replaces: false, status }))
    }

    fn count_served(&self, entry: Option<&Entry>) {
        let tracker = &self.lookup.region.tracker;
        match entry {
            Some(entry) => {
                tracker.served(entry, clock::now_ms());
            }
            None => tracker.count(Count::Miss),
        }
        tracker.time(Timed::Hit, clock::now().saturating_duration_since(self.lookup.started));
    }

    fn miss(&self) -> Forwarded {
        if self.index.is_some() { Forwarded::VaryMiss } else { Forwarded::UriMiss }
    }
}

/// How a record was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// By a look; to the engine it is fresh, so that nobody will be elected to load it anew.
    Fresh,
    /// By a look; to the engine it is not.
    Stale,
    /// From somebody who loads, or while somebody does.
    Found,
}

fn judge(asked: &Asked, place: &Place, payload: Bytes, seen: Seen) -> Judgement {
    let stored = match Record::decode(payload) {
        Some(Record::Response(stored)) => stored,
        Some(Record::Index(index)) if place.index.is_none() => return Judgement::Variant(index),
        Some(Record::Pass(Whose::All)) => return Judgement::Pass("uncacheable"),
        Some(Record::Pass(Whose::WithCredentials)) if asked.credentials => {
            return Judgement::Pass("credentials");
        }
        Some(Record::Index(_) | Record::Pass(_)) | None => return Judgement::Load { replaces: true },
    };
    if asked.credentials && !stored.freshness.open {
        return Judgement::Pass("credentials");
    }
    match stored.freshness.usable(&asked.directives, clock::now_ms()) {
        Use::Served => Judgement::Serve(stored),
        Use::ServedWhileRevalidating if asked.reads_only => Judgement::Serve(stored),
        Use::ServedWhileRevalidating if seen == Seen::Found => Judgement::Serve(stored),
        Use::Unwanted => Judgement::Validate(stored, Forwarded::Request),
        Use::Stale | Use::ServedWhileRevalidating if seen == Seen::Stale => {
            Judgement::Load { replaces: false }
        }
        Use::Stale | Use::ServedWhileRevalidating => Judgement::Validate(stored, Forwarded::Stale),
    }
}

fn response_of(payload: Bytes) -> Option<Stored> {
    match Record::decode(payload)? {
        Record::Response(stored) => Some(stored),
        Record::Index(_) | Record::Pass(_) => None,
    }
}
