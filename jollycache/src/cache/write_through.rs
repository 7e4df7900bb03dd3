//! `WriteThrough`: one typed write that puts or evicts. Attributes and calls by hand both end here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Cache, Mode, mode};
use crate::Value;
use crate::call_report::{self, CallOutcome, Operation, Outcome};
use crate::clock;
use crate::engine::{NewValue, Put, Target, TypeOf, Write, WriteIntent};
use crate::entry::{Fingerprint, Version};
use crate::error::{Error, Result};
use crate::key::{Key, Tag};
use crate::policy::{Policy, Resolved};
use crate::region::Region;

/// A typed [`Write`].
#[derive(Debug)]
pub(crate) struct WriteThrough {
    cache: Cache,
    region: Arc<Region>,
    policy: Resolved,
    write: Write,
    started: Instant,
    /// When the write was announced, and the source could be written.
    announced: Instant,
}

/// What a write is to store.
pub(crate) enum Written<'v, V> {
    /// A value, its own lifetime, if the call has one, and its version.
    Value { value: &'v V, ttl: Option<Duration>, version: Option<Version> },
    /// `None`.
    None,
    /// Nothing: the value is not to be stored.
    Unstored,
}

impl WriteThrough {
    /// Announces the write. After an error the write can go on without the cache, if the caller chooses so.
    pub(crate) async fn begin(
        cache: Cache,
        region: &str,
        policies: [&Policy; 2],
        intent: WriteIntent<'_>,
    ) -> (Self, Option<Error>) {
        let region = cache.engine.region(region);
        let policy = region.resolve(policies);
        let value_tags = intent.value_tags.map(|tags| region.tags(policy.consistency, tags));
        let intent = WriteIntent { value_tags: value_tags.as_deref(), ..intent };
        let started = clock::now();
        let (write, begun) = Write::begin(&cache.engine, &region, policy, intent).await;
        let announced = clock::now();
        (WriteThrough { cache, region, policy, write, started, announced }, begun.err())
    }

    /// Runs the body of the write.
    pub(crate) async fn run<F: Future>(&self, body: F) -> F::Output {
        self.write.run(body).await
    }

    /// Takes the lifetimes of `policy` from here on.
    pub(crate) fn follow(&mut self, policy: &Policy) {
        self.policy = self.region.resolve([policy, &Policy::UNSET]);
    }

    /// Counts a value of more tags than an entry can hold.
    ///
    /// # Errors
    /// Then.
    pub(crate) fn check_tags(&self, tags: &[Tag]) -> Result<()> {
        self.region.check_tags(self.region.tags(self.policy.consistency, tags).len())
    }

    /// The source was written: puts the value under `key`, with these tags and those of the region.
    pub(crate) async fn put<V: Value>(
        self,
        key: Key,
        tags: &[Tag],
        written: Written<'_, V>,
        schema: u16,
    ) -> Result<bool> {
        let tags = self.region.tags(self.policy.consistency, tags);
        let to_put = self.to_put(&written, tags.len(), schema);
        let stores = to_put.is_some();
        let (put, more) = match to_put {
            Some(value) => (Some(Put { key, tags, value }), Vec::new()),
            // A value that cannot be stored evicts its key, announced or not.
            None => (None, vec![Target::Key(key)]),
        };
        let outcome = move |committed: &Result<bool>| match committed {
            Ok(true) => Outcome::Stored,
            Ok(false) if stores => Outcome::Refused,
            Ok(false) => Outcome::Evicted,
            Err(_) => Outcome::Queued,
        };
        self.commit(put, more, Operation::Put, outcome).await
    }

    /// Evicts the announced keys and tags, and `more`, as the source was written or may have been. `operation` is the one
    /// that is reported.
    pub(crate) async fn evict(self, operation: Operation, more: Vec<Target>) -> Result<()> {
        let names_any = self.write.names_any() || !more.is_empty();
        let outcome = move |committed: &Result<bool>| Outcome::of_eviction(names_any, committed.is_ok());
        self.commit(None, more, operation, outcome).await.map(drop)
    }

    async fn commit(
        self,
        put: Option<Put>,
        more: Vec<Target>,
        operation: Operation,
        outcome: impl FnOnce(&Result<bool>) -> Outcome,
    ) -> Result<bool> {
        let load = Some((self.announced, clock::now()));
        let committed = self.write.commit(put, more).await;
        let call = CallOutcome { load, ..CallOutcome::of(outcome(&committed)) };
        call_report::report(&self.region, operation, self.started, call);
        committed
    }

    /// `None` where nothing is to be stored, or the value cannot be.
    fn to_put<V: Value>(&self, written: &Written<'_, V>, tags: usize, schema: u16) -> Option<NewValue> {
        let (none, payload, ttl, stale, version) = match *written {
            _ if mode() == Mode::Bypass => return None,
            Written::Value { value, ttl, version } => {
                let payload = self.cache.payload(&self.region, value, tags).ok()?;
                (false, payload, ttl.unwrap_or(self.policy.ttl), self.policy.stale, version)
            }
            Written::None => {
                let none_ttl = self.policy.none_ttl?;
                self.region.check_tags(tags).ok()?;
                (true, Bytes::new(), none_ttl, Duration::ZERO, None)
            }
            Written::Unstored => return None,
        };
        let type_of = TypeOf { fingerprint: Fingerprint::of::<V>(), schema };
        Some(NewValue { none, payload, type_of, version, ttl, stale })
    }
}
