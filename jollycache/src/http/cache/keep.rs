//! Storing what a load brought. Not generic: nothing here knows the service.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, response};

use super::freshness::Freshness;
use super::lookup::{Loading, Place};
use super::record::{Index, Record, Stored, Whose};
use super::request::Asked;
use super::settings::Settings;
use super::verdict::{Judged, Verdict};
use super::{conditions, dates, fields};
use crate::clock::{self, Millis};
use crate::engine::{Kept, Target, Ticket, ToStore};
use crate::entry::Token;
use crate::key::Tag;

/// For how long a key is remembered to have no response that can be stored.
const PASS_FOR: Duration = Duration::from_secs(5);
/// For how long an index is kept at least. It is small, and all variants are lost with it.
const INDEX_FOR: Duration = Duration::from_secs(60 * 60);

/// What is to be stored with a response.
#[derive(Debug)]
pub(super) struct Keeping {
    pub(super) freshness: Freshness,
    pub(super) vary: Vec<HeaderName>,
    pub(super) without: Vec<HeaderName>,
}

impl Settings {
    /// Whether a response may be stored; if not, the ticket is told why, and `None` is returned.
    pub(super) async fn may_keep(
        &self,
        asked: &Asked,
        loading: &mut Loading,
        head: &response::Parts,
        sent: Millis,
    ) -> Option<Keeping> {
        let judged = Judged {
            head,
            credentials: asked.credentials,
            sent,
            received: clock::now_ms(),
            defaults: asked.route.defaults,
            targeted: self.targeted.as_ref(),
        };
        match judged.verdict() {
            Verdict::Store { freshness, vary, without } => return Some(Keeping { freshness, vary, without }),
            Verdict::Refuse if head.status.is_server_error() => failed(loading.ticket.take()).await,
            // What one client may not have, others may: it does not throw out what is stored.
            Verdict::Refuse | Verdict::NotWithCredentials
                if loading.replaces && is_about_the_client(head.status) =>
            {
                failed(loading.ticket.take()).await;
            }
            Verdict::Refuse => pass(loading.ticket.take(), Whose::All).await,
            Verdict::NotWithCredentials => pass(loading.ticket.take(), Whose::WithCredentials).await,
        }
        None
    }

    /// A response as it is stored, and the entity tag that was made for it.
    pub(super) fn stored(&self, head: &response::Parts, keeping: &Keeping, body: Bytes) -> Stored {
        let without: Vec<_> = keeping.without.iter().chain(&self.not_stored).cloned().collect();
        let mut headers = fields::stored(&head.headers, &without, keeping.freshness.received);
        let own_etag = head.status == StatusCode::OK && !conditions::has_etag(&headers);
        if own_etag {
            headers.extend(conditions::make_etag(&headers, &body).map(|etag| (http::header::ETAG, etag)));
        }
        Stored { freshness: keeping.freshness, own_etag, status: head.status, headers, body }
    }

    /// A stored response as a 304 to its validation changes it, as a head of its own.
    pub(super) fn updated(stored: &Stored, news: &HeaderMap) -> response::Parts {
        let mut headers = stored.headers.clone();
        let (mut head, ()) = http::Response::new(()).into_parts();
        fields::update(&mut headers, news);
        if !news.contains_key(http::header::DATE)
            && let Some(date) = dates::field(clock::now_ms())
        {
            headers.insert(http::header::DATE, date);
        }
        if stored.own_etag && !news.contains_key(http::header::ETAG) {
            // It is made anew, of the same body.
            headers.remove(http::header::ETAG);
        }
        head.status = stored.status;
        head.headers = headers;
        head
    }

    /// Stores a response where it belongs. Returns whether it is stored now.
    pub(super) async fn keep(
        &self,
        asked: &Asked,
        request: &HeaderMap,
        loading: &mut Loading,
        keeping: &Keeping,
        stored: &Stored,
    ) -> bool {
        let Some(ticket) = loading.ticket.take() else { return false };
        let payload = Record::Response(stored.clone()).encode();
        if payload.len() > self.cache.engine.limits.value_bytes {
            pass(Some(ticket), Whose::All).await;
            return false;
        }
        let value = self.to_store(payload, stored);
        match &loading.place.index {
            None if keeping.vary.is_empty() => ticket.complete(value).await == Kept::Stored,
            None => self.keep_variant(asked, request, ticket, keeping, value).await,
            Some(index) if keeping.vary.iter().all(|name| index.names.contains(name)) => {
                ticket.complete(value).await == Kept::Stored
            }
            Some(_) => {
                // The index is wrong: who comes next makes another.
                ticket.complete(ToStore::Unshareable).await;
                self.drop_index(asked, &loading.place).await;
                false
            }
        }
    }

    /// Stores the first variant, and then, under the lease of the key itself, the index that leads to it: it is
    /// refused if anything happened to the key or the tags since before the load, and then nothing leads there.
    async fn keep_variant(
        &self,
        asked: &Asked,
        request: &HeaderMap,
        ticket: Box<Ticket>,
        keeping: &Keeping,
        value: ToStore,
    ) -> bool {
        if !ticket.may_store() {
            ticket.complete(ToStore::Unshareable).await;
            return false;
        }
        let index = Index { generation: Token::random(), names: keeping.vary.clone() };
        let payload = Record::Index(index.clone()).encode();
        let variant = self.variant(asked, request, index);
        let lifetime = match &value {
            ToStore::Value { ttl, stale, .. } => ttl.saturating_add(*stale),
            _ => Duration::ZERO,
        };
        let is_there = match self.cache.engine.try_lease(&variant.lookup).await {
            Some(ticket) => ticket.store_if_untouched(value).await,
            None => false,
        };
        let ttl = lifetime.max(INDEX_FOR);
        let index = ToStore::Value { payload, ttl, stale: Duration::ZERO, version: None };
        // Its followers look again, and find the index, or that there is none.
        ticket.store_if_untouched(index).await && is_there
    }

    /// Evicts what a write made invalid, and returns when nobody is served it any more. What cannot be delivered is
    /// queued, and bypassed by this process until it is.
    pub(super) async fn evict(&self, tags: Vec<Tag>) {
        let region = self.cache.engine.region(&self.region);
        let mut eviction = self.cache.engine.eviction(&region, &region.resolve_default());
        eviction.extend(tags.into_iter().map(Target::Tag));
        let _ = eviction.run().await;
    }

    async fn drop_index(&self, asked: &Asked, place: &Place) {
        let region = &place.lookup.region;
        let mut eviction = self.cache.engine.eviction(region, &place.lookup.policy);
        eviction.add(Target::Key(asked.key.clone()));
        // What cannot be delivered is queued.
        let _ = eviction.run().await;
    }

    fn to_store(&self, payload: Bytes, stored: &Stored) -> ToStore {
        let freshness = &stored.freshness;
        let can_be_validated = !stored.own_etag && conditions::has_etag(&stored.headers)
            || stored.headers.contains_key(http::header::LAST_MODIFIED);
        let kept = if can_be_validated { self.keep_stale } else { Duration::ZERO };
        let windows = freshness.while_revalidate.max(freshness.if_error);
        let stale = Duration::from_secs(windows.into()).max(kept);
        // The engine counts from the fill, and the response from when it came.
        let since = Duration::from_millis(clock::now_ms().saturating_sub(freshness.received));
        let fresh_for = freshness.fresh_for().saturating_sub(since);
        if freshness.validated || fresh_for.is_zero() {
            // Nobody waits for whoever validates it: each does for itself.
            return ToStore::Value {
                payload,
                ttl: stale.max(PASS_FOR),
                stale: Duration::ZERO,
                version: None,
            };
        }
        ToStore::Value { payload, ttl: fresh_for, stale, version: None }
    }
}

/// Whether a response with this status is about who asks, and how.
fn is_about_the_client(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 406 | 407 | 412 | 416 | 417 | 428 | 429 | 431)
}

/// The load failed: others load by themselves, and what is stored stays.
pub(super) async fn failed(ticket: Option<Box<Ticket>>) {
    if let Some(ticket) = ticket {
        ticket.fail(None).await;
    }
}

/// Leaves word that the key has no response that can be stored, so that for a while nobody waits for one.
pub(super) async fn pass(ticket: Option<Box<Ticket>>, whose: Whose) {
    let Some(ticket) = ticket else { return };
    let payload = Record::Pass(whose).encode();
    ticket.complete(ToStore::Value { payload, ttl: PASS_FOR, stale: Duration::ZERO, version: None }).await;
}
