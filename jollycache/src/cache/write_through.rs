//! `WriteThrough`: one typed write that puts or evicts. Attributes and calls by hand both end here.

use super::codec::encode;
use super::{Cache, Mode, mode};
use crate::Value;
use crate::engine::{PutTicket, ToPut};
use crate::entry::Fingerprint;
use crate::error::{Error, Result};
use crate::key::{Key, Tag};
use crate::policy::Policy;
use crate::tracker::Count;

/// A put under way; see [`PutTicket`].
pub(crate) struct WriteThrough {
    cache: Cache,
    region: std::sync::Arc<crate::engine::Region>,
    policy: crate::policy::Resolved,
    schema: u16,
    ticket: PutTicket,
}

/// What a write returned, for the cache.
pub(crate) enum Written<'v, V> {
    /// A value, and its lifetime if it says one itself.
    Value(&'v V, Option<std::time::Duration>),
    /// `None`.
    None,
    /// A value that is not to be stored.
    Unstored,
}

impl WriteThrough {
    /// Announces the write. The error is for those who want it; the put goes on without the cache.
    pub(crate) async fn begin(
        cache: Cache,
        region: &str,
        key: Option<&Key>,
        tags: &[Tag],
        policies: [&Policy; 2],
        schema: u16,
    ) -> (Self, Option<Error>) {
        let region = cache.engine.region(region);
        let policy = region.resolve(policies);
        let (ticket, begun) = cache.engine.begin_put(&region, policy.timeout, key, tags).await;
        (WriteThrough { cache, region, policy, schema, ticket }, begun.err())
    }

    /// The source was written.
    pub(crate) async fn commit<V: Value>(
        self,
        key: Option<&Key>,
        tags: &[Tag],
        written: Written<'_, V>,
    ) -> Result<()> {
        let to_put = self.to_put(written);
        self.ticket.commit(key, tags, to_put).await.map(drop)
    }

    /// The source was not written, for all that is known: what is cached falls.
    pub(crate) async fn abandon(self) -> Result<()> {
        self.ticket.evict().await
    }

    fn to_put<V: Value>(&self, written: Written<'_, V>) -> Option<ToPut> {
        if mode() == Mode::Bypass {
            return None;
        }
        let fingerprint = Fingerprint::of::<V>();
        let (none, payload, ttl, stale) = match written {
            Written::Value(value, ttl) => match encode(value, self.cache.engine.limits.value_bytes) {
                Ok(payload) => (false, payload, ttl.unwrap_or(self.policy.ttl), self.policy.stale),
                Err(error) => {
                    self.region.tracker.count(Count::RejectedValue);
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(region = %self.region.name, error, "a value cannot be cached");
                    return None;
                }
            },
            Written::None => (true, bytes::Bytes::new(), self.policy.none_ttl?, std::time::Duration::ZERO),
            Written::Unstored => return None,
        };
        let ttl = self.policy.spread(ttl, rand::random());
        Some(ToPut { none, payload, ttl, stale, fingerprint, schema: self.schema })
    }
}
