//! `Action`: how one request is answered, by what is stored for it. Not generic over the service.

use bytes::Bytes;
use http::HeaderMap;

use super::freshness::Reuse;
use super::record::{self, Record, Scope, StoredResponse, VaryIndex};
use super::request::CacheableRequest;
use super::settings::Settings;
use super::status::{CacheStatus, Forwarded};
use super::vary;
use crate::clock;
use crate::engine::{Found, LoadGuard, Lookup, LookupSpec, TypeOf};
use crate::entry::{Codec, Entry};
use crate::key::Key;
use crate::policy::Policy;
use crate::tracker::{Count, Timed};

/// Maximum look-ups per request. Following a `Vary` index and retrying after an unshareable response each use one.
const MAX_LOOKUPS: usize = 6;

/// The key that a response is stored under: the primary key, or that of a variant.
#[derive(Debug)]
pub(super) struct ResolvedKey {
    pub(super) lookup: Lookup,
    /// The index that led here; `None` for a primary key.
    pub(super) index: Option<VaryIndex>,
}

/// How a request is answered.
#[derive(Debug)]
pub(super) enum Action {
    /// By a stored response.
    Serve(StoredResponse, CacheStatus),
    /// By a stored response, which is validated in the background.
    ServeAndRefresh(StoredResponse, CacheStatus, Box<Loading>),
    /// By the service; the response may be stored.
    Load(Box<Loading>),
    /// By the service; the response is not stored.
    Forward(CacheStatus),
    /// By 504: no stored response may be reused, and the request has `only-if-cached`.
    GatewayTimeout,
}

/// A load that is about to start.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) key: ResolvedKey,
    /// Must be completed with the load's result; `None` if the response is for this client only.
    pub(super) guard: Option<Box<LoadGuard>>,
    /// The stored response to validate.
    pub(super) stored: Option<StoredResponse>,
    /// Whether a response was stored when the load began.
    pub(super) replaces: bool,
    pub(super) status: CacheStatus,
}

/// What a record means for one request.
#[derive(Debug)]
enum Evaluation {
    Serve(StoredResponse),
    FollowIndex(VaryIndex),
    Bypass(&'static str),
    /// Load, collapsed with other requests; with `replaces`, whatever is stored.
    Load {
        replaces: bool,
    },
    /// Validate, not collapsed with other requests.
    Validate(StoredResponse, Forwarded),
}

/// Where a record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The first look-up, and the engine holds it fresh.
    FreshProbe,
    /// The first look-up, and the engine holds it stale.
    StaleProbe,
    /// Another request's load, or a look-up while one is running.
    Flight,
}

impl Settings {
    /// Looks up the stored response of a request and decides how to answer.
    pub(super) async fn look_up(&self, request: &CacheableRequest, request_headers: &HeaderMap) -> Action {
        let action = self.find(request, request_headers).await;
        let needs_the_service = matches!(action, Action::Load(_) | Action::Forward(_));
        if needs_the_service && request.directives.has("only-if-cached") {
            return Action::GatewayTimeout;
        }
        action
    }

    async fn find(&self, request: &CacheableRequest, request_headers: &HeaderMap) -> Action {
        let engine = &self.cache.engine;
        let mut key = ResolvedKey { lookup: self.engine_lookup(&request.key, request), index: None };
        for _ in 0..MAX_LOOKUPS {
            let reader = engine.read(&key.lookup);
            let probe = reader.probe().await;
            let replaces = match evaluate_probe(request, &key, probe.entry.as_ref()) {
                Evaluation::Load { .. } if request.reads_only => {
                    let why = if probe.entry.is_some() { Forwarded::Stale } else { key.miss_reason() };
                    return Action::Forward(CacheStatus::forwarded(why));
                }
                Evaluation::Load { replaces } => replaces,
                Evaluation::FollowIndex(index) => {
                    key = self.variant(request, request_headers, index);
                    continue;
                }
                other => return self.act_on(request, key, other, probe.entry.as_ref(), false).await,
            };
            if request.directives.has("only-if-cached") {
                return Action::GatewayTimeout;
            }
            let (record, collapsed) = match reader.continue_after_probe(probe, replaces).await {
                Ok(Found::Load(guard)) => return self.lead_load(request, key, guard),
                Ok(Found::Entry { entry, .. }) => (entry.payload, false),
                Ok(Found::Shared { payload, .. }) => (payload, true),
                Ok(Found::SharedFailure(_)) | Err(_) => return key.load_alone(),
            };
            match evaluate(request, &key, record, Source::Flight) {
                Evaluation::FollowIndex(index) => key = self.variant(request, request_headers, index),
                // The leader's response is not shareable; look up again to see what it left instead.
                Evaluation::Load { replaces: true } => {}
                Evaluation::Load { replaces: false } => return key.load_alone(),
                other => return self.act_on(request, key, other, None, collapsed).await,
            }
        }
        Action::Forward(CacheStatus::bypass("contended"))
    }

    async fn act_on(
        &self,
        request: &CacheableRequest,
        key: ResolvedKey,
        evaluation: Evaluation,
        entry: Option<&Entry>,
        collapsed: bool,
    ) -> Action {
        match evaluation {
            Evaluation::Serve(stored) => {
                key.count_served(entry);
                let status = self.hit(request, &stored, collapsed);
                Action::Serve(stored, status)
            }
            Evaluation::Bypass(detail) => Action::Forward(CacheStatus::bypass(detail)),
            Evaluation::Validate(_, why) if request.reads_only => {
                Action::Forward(CacheStatus::forwarded(why))
            }
            Evaluation::Validate(stored, why) => self.validate(request, key, stored, why).await,
            Evaluation::FollowIndex(_) | Evaluation::Load { .. } => key.load_alone(),
        }
    }

    async fn validate(
        &self,
        request: &CacheableRequest,
        key: ResolvedKey,
        stored: StoredResponse,
        why: Forwarded,
    ) -> Action {
        // The entry under the lease replaces the one that was read before: an eviction may have come in between.
        let (guard, stored) = match self.cache.engine.read(&key.lookup).try_refresh().await {
            Some((old, guard)) => (Some(guard), old.and_then(|entry| response_of(entry.payload))),
            None => (None, Some(stored)),
        };
        let replaces = stored.is_some();
        let status = CacheStatus { key: self.shown_key(request), ..CacheStatus::forwarded(why) };
        key.lookup.region.tracker.count(Count::Miss);
        Action::Load(Box::new(Loading { key, guard, stored, replaces, status }))
    }

    /// Loads for all requests that are collapsed onto this one.
    fn lead_load(&self, request: &CacheableRequest, key: ResolvedKey, mut guard: Box<LoadGuard>) -> Action {
        let stored = guard.take_stale().and_then(|entry| response_of(entry.payload));
        let replaces = stored.is_some();
        key.lookup.region.tracker.count(Count::Miss);
        let why = if stored.is_some() { Forwarded::Stale } else { key.miss_reason() };
        let status =
            if guard.may_store() { CacheStatus::forwarded(why) } else { CacheStatus::bypass("no-lease") };
        let status = CacheStatus { key: self.shown_key(request), ..status };
        let reuse =
            stored.as_ref().map(|stored| stored.freshness.reuse(&request.directives, clock::now_ms()));
        let in_background = guard.may_store() && reuse == Some(Reuse::AllowedWhileRevalidating);
        let loading = Box::new(Loading { key, guard: Some(guard), stored, replaces, status });
        match &loading.stored {
            Some(stored) if in_background => {
                let served = self.hit(request, stored, false);
                Action::ServeAndRefresh(stored.clone(), served, loading)
            }
            _ => Action::Load(loading),
        }
    }

    /// The key of the variant that an index selects for a request.
    pub(super) fn variant(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        index: VaryIndex,
    ) -> ResolvedKey {
        let generation = format!("{:032x}", u128::from_be_bytes(index.generation.0));
        let digest = vary::digest(&index.names, request_headers);
        // The primary key is escaped already, so it is one unambiguous literal here.
        let key = Key::builder().literal(request.key.as_str()).literal(":variant:").part(&generation);
        let key = key.literal(":").part(&digest).build();
        ResolvedKey { lookup: self.engine_lookup(&key, request), index: Some(index) }
    }

    /// The engine's look-up of a key, for a request.
    fn engine_lookup(&self, key: &Key, request: &CacheableRequest) -> Lookup {
        let spec = LookupSpec {
            region: &self.region,
            key,
            tags: &request.tags,
            policies: [&Policy::UNSET, &Policy::UNSET],
            type_of: TypeOf { fingerprint: record::FINGERPRINT, schema: 0 },
        };
        let lookup = Lookup::new(&self.cache.engine, &spec);
        Lookup { serves_stale: record::serves_stale, codec: Codec::Http, ..lookup }
    }

    fn hit(&self, request: &CacheableRequest, stored: &StoredResponse, collapsed: bool) -> CacheStatus {
        let ttl = Some(stored.freshness.ttl(clock::now_ms()));
        CacheStatus { ttl, collapsed, key: self.shown_key(request), ..CacheStatus::default() }
    }

    fn shown_key(&self, request: &CacheableRequest) -> Option<String> {
        self.shows_key.then(|| request.key.as_str().to_owned())
    }
}

impl ResolvedKey {
    /// A load for one request only, whose response is not stored.
    fn load_alone(self) -> Action {
        self.lookup.region.tracker.count(Count::Miss);
        let status = CacheStatus::forwarded(self.miss_reason());
        Action::Load(Box::new(Loading { key: self, guard: None, stored: None, replaces: false, status }))
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

    fn miss_reason(&self) -> Forwarded {
        if self.index.is_some() { Forwarded::VaryMiss } else { Forwarded::UriMiss }
    }
}

fn evaluate_probe(request: &CacheableRequest, key: &ResolvedKey, entry: Option<&Entry>) -> Evaluation {
    let Some(entry) = entry else { return Evaluation::Load { replaces: false } };
    let source = if entry.is_fresh(clock::now_ms()) { Source::FreshProbe } else { Source::StaleProbe };
    evaluate(request, key, entry.payload.clone(), source)
}

fn evaluate(request: &CacheableRequest, key: &ResolvedKey, payload: Bytes, source: Source) -> Evaluation {
    let stored = match Record::decode(payload) {
        Some(Record::Response(stored)) => stored,
        Some(Record::Index(index)) if key.index.is_none() => return Evaluation::FollowIndex(index),
        Some(Record::Uncacheable(Scope::AllRequests)) => return Evaluation::Bypass("uncacheable"),
        Some(Record::Uncacheable(Scope::WithCredentials)) if request.credentials => {
            return Evaluation::Bypass("credentials");
        }
        Some(Record::Index(_) | Record::Uncacheable(_)) | None => return Evaluation::Load { replaces: true },
    };
    if request.credentials && !stored.freshness.shared_with_credentials {
        return Evaluation::Bypass("credentials");
    }
    match stored.freshness.reuse(&request.directives, clock::now_ms()) {
        Reuse::Allowed => Evaluation::Serve(stored),
        Reuse::AllowedWhileRevalidating if request.reads_only || source == Source::Flight => {
            Evaluation::Serve(stored)
        }
        Reuse::RefusedByRequest => Evaluation::Validate(stored, Forwarded::Request),
        Reuse::NeedsValidation | Reuse::AllowedWhileRevalidating if source == Source::StaleProbe => {
            Evaluation::Load { replaces: false }
        }
        Reuse::NeedsValidation | Reuse::AllowedWhileRevalidating => {
            Evaluation::Validate(stored, Forwarded::Stale)
        }
    }
}

fn response_of(payload: Bytes) -> Option<StoredResponse> {
    match Record::decode(payload)? {
        Record::Response(stored) => Some(stored),
        Record::Index(_) | Record::Uncacheable(_) => None,
    }
}
