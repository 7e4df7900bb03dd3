//! Storing the response of a load, or a marker that there is none to store. Not generic over the service.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, response};

use super::lookup::{Loading, ResolvedKey};
use super::record::{Record, Scope, StoredResponse, VaryIndex};
use super::request::CacheableRequest;
use super::settings::Settings;
use super::storability::{ReceivedResponse, Storability, Storable};
use super::{conditions, dates, fields};
use crate::clock::{self, Millis};
use crate::engine::{FillOutcome, LoadGuard, LoadResult, Target};
use crate::entry::Token;
use crate::key::Tag;

/// Lifetime of an uncacheable marker.
const UNCACHEABLE_TTL: Duration = Duration::from_secs(5);
/// Shortest lifetime of a `Vary` index: it is small, and without it all variants are unreachable.
const MIN_INDEX_TTL: Duration = Duration::from_secs(60 * 60);

impl Settings {
    /// What to store of a response. For one that is not storable, completes the guard accordingly and returns `None`.
    pub(super) async fn check_storable(
        &self,
        request: &CacheableRequest,
        loading: &mut Loading,
        head: &response::Parts,
        sent: Millis,
    ) -> Option<Storable> {
        let response = ReceivedResponse {
            head,
            credentials: request.credentials,
            sent,
            received: clock::now_ms(),
            defaults: request.route.defaults,
            targeted: self.targeted.as_ref(),
        };
        match response.storability() {
            Storability::Storable(storable) => return Some(storable),
            Storability::NotStorable if head.status.is_server_error() => {
                release_failed(loading.guard.take()).await;
            }
            // A refusal of one client (a 403, say) must not replace a response that others may have.
            Storability::NotStorable | Storability::NotWithCredentials
                if loading.replaces && concerns_only_the_client(head.status) =>
            {
                release_failed(loading.guard.take()).await;
            }
            Storability::NotStorable => mark_uncacheable(loading.guard.take(), Scope::AllRequests).await,
            Storability::NotWithCredentials => {
                mark_uncacheable(loading.guard.take(), Scope::WithCredentials).await;
            }
        }
        None
    }

    /// The response in its stored form, with an entity tag if the service gave none.
    pub(super) fn stored(&self, head: &response::Parts, storable: &Storable, body: Bytes) -> StoredResponse {
        let without: Vec<_> = storable.without.iter().chain(&self.not_stored).cloned().collect();
        let mut headers = fields::stored(&head.headers, &without, storable.freshness.received);
        let own_etag = head.status == StatusCode::OK && !conditions::has_etag(&headers);
        if own_etag {
            headers.extend(conditions::make_etag(&headers, &body).map(|etag| (http::header::ETAG, etag)));
        }
        StoredResponse { freshness: storable.freshness, own_etag, status: head.status, headers, body }
    }

    /// The head of a stored response, freshened by the fields of a 304 (RFC 9111, section 4.3.4).
    pub(super) fn freshened(stored: &StoredResponse, not_modified: &HeaderMap) -> response::Parts {
        let mut headers = stored.headers.clone();
        let (mut head, ()) = http::Response::new(()).into_parts();
        fields::update(&mut headers, not_modified);
        if !not_modified.contains_key(http::header::DATE)
            && let Some(date) = dates::field(clock::now_ms())
        {
            headers.insert(http::header::DATE, date);
        }
        if stored.own_etag && !not_modified.contains_key(http::header::ETAG) {
            // `Settings::stored` computes it again, from the same body.
            headers.remove(http::header::ETAG);
        }
        head.status = stored.status;
        head.headers = headers;
        head
    }

    /// Stores a response under its primary key or its variant's. Returns whether it was stored.
    pub(super) async fn store(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        loading: &mut Loading,
        storable: &Storable,
        stored: &StoredResponse,
    ) -> bool {
        let Some(guard) = loading.guard.take() else { return false };
        let payload = Record::Response(stored.clone()).encode();
        if payload.len() > self.cache.engine.limits.value_bytes {
            mark_uncacheable(Some(guard), Scope::AllRequests).await;
            return false;
        }
        let value = self.load_result(payload, stored);
        match &loading.key.index {
            None if storable.vary.is_empty() => guard.complete(value).await == FillOutcome::Stored,
            None => self.store_first_variant(request, request_headers, guard, storable, value).await,
            Some(index) if storable.vary.iter().all(|name| index.names.contains(name)) => {
                guard.complete(value).await == FillOutcome::Stored
            }
            Some(_) => {
                // The response varies by more than the index has: the next load creates a new index.
                guard.complete(LoadResult::Unshareable).await;
                self.evict_index(request, &loading.key).await;
                false
            }
        }
    }

    /// Stores the first variant and then, under the lease of the primary key, the index that leads to it.
    ///
    /// The index comes last, because its store is refused if the key or a tag was invalidated since before the load;
    /// then nothing leads to the variant.
    async fn store_first_variant(
        &self,
        request: &CacheableRequest,
        request_headers: &HeaderMap,
        guard: Box<LoadGuard>,
        storable: &Storable,
        value: LoadResult,
    ) -> bool {
        if !guard.may_store() {
            guard.complete(LoadResult::Unshareable).await;
            return false;
        }
        let index = VaryIndex { generation: Token::random(), names: storable.vary.clone() };
        let payload = Record::Index(index.clone()).encode();
        let variant = self.variant(request, request_headers, index);
        let lifetime = match &value {
            LoadResult::Value { ttl, stale, .. } => ttl.saturating_add(*stale),
            _ => Duration::ZERO,
        };
        let is_stored = match self.cache.engine.read(&variant.lookup).try_lease().await {
            Some(guard) => guard.store_if_untouched(value).await,
            None => false,
        };
        let ttl = lifetime.max(MIN_INDEX_TTL);
        let index = LoadResult::Value { payload, ttl, stale: Duration::ZERO, version: None };
        // The collapsed requests look up again, since the index may lead them to other variants than this one.
        guard.store_if_untouched(index).await && is_stored
    }

    /// Evicts what a successful write invalidated, and returns when it is no longer served. What cannot be delivered
    /// is queued, and this process bypasses the tags until it is.
    pub(super) async fn evict(&self, tags: Vec<Tag>) {
        let region = self.cache.engine.region(&self.region);
        let mut eviction = self.cache.engine.eviction(&region, &region.resolve_default());
        eviction.extend(tags.into_iter().map(Target::Tag));
        let _ = eviction.run().await;
    }

    async fn evict_index(&self, request: &CacheableRequest, key: &ResolvedKey) {
        let region = &key.lookup.region;
        let mut eviction = self.cache.engine.eviction(region, &key.lookup.policy);
        eviction.add(Target::Key(request.key.clone()));
        // An undelivered eviction is queued.
        let _ = eviction.run().await;
    }

    fn load_result(&self, payload: Bytes, stored: &StoredResponse) -> LoadResult {
        let freshness = &stored.freshness;
        let can_be_validated = !stored.own_etag && conditions::has_etag(&stored.headers)
            || stored.headers.contains_key(http::header::LAST_MODIFIED);
        let keep_stale = if can_be_validated { self.keep_stale } else { Duration::ZERO };
        let windows = freshness.while_revalidate.max(freshness.if_error);
        let stale = Duration::from_secs(windows.into()).max(keep_stale);
        // The engine counts the lifetime from the fill, RFC 9111 from when the response was received.
        let since = Duration::from_millis(clock::now_ms().saturating_sub(freshness.received));
        let fresh_for = freshness.fresh_for().saturating_sub(since);
        if freshness.no_cache || fresh_for.is_zero() {
            // Validations of such a response are not collapsed, so that no client waits for another's.
            return LoadResult::Value {
                payload,
                ttl: stale.max(UNCACHEABLE_TTL),
                stale: Duration::ZERO,
                version: None,
            };
        }
        LoadResult::Value { payload, ttl: fresh_for, stale, version: None }
    }
}

/// Whether a status is about the client's request (its rights, its preconditions), not about the resource.
fn concerns_only_the_client(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 406 | 407 | 412 | 416 | 417 | 428 | 429 | 431)
}

/// Ends a load that failed: waiting requests load by themselves, and the stored response stays.
pub(super) async fn release_failed(guard: Option<Box<LoadGuard>>) {
    if let Some(guard) = guard {
        guard.fail(None).await;
    }
}

/// Stores an *uncacheable* marker for [`UNCACHEABLE_TTL`] (hit-for-miss in Varnish), so that concurrent requests are
/// not collapsed onto this key.
pub(super) async fn mark_uncacheable(guard: Option<Box<LoadGuard>>, scope: Scope) {
    let Some(guard) = guard else { return };
    let payload = Record::Uncacheable(scope).encode();
    let (stale, version) = (Duration::ZERO, None);
    guard.complete(LoadResult::Value { payload, ttl: UNCACHEABLE_TTL, stale, version }).await;
}
