//! `ReadThrough`: one typed read that loads on a miss. Attributes and calls by hand both end here.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::codec::decode;
use super::hooks::Hooks;
use super::return_kind::{ReturnKind, View};
use super::{Cache, Mode, mode};
use crate::Value;
use crate::call_report::{self, CallOutcome, Operation, Outcome};
use crate::clock;
use crate::engine::{FillOutcome, Found, LoadGuard, LoadPermission, LoadResult, Lookup, LookupSpec};
use crate::entry::Entry;
use crate::error::Error;
use crate::tracker::{Count, Timed};

/// A read of a `K`, from its look-up to its report.
pub(crate) struct ReadThrough<'a, K: ReturnKind> {
    cache: Cache,
    lookup: Lookup,
    hooks: Hooks<'a, K>,
    call: CallOutcome,
}

impl<'a, K: ReturnKind> ReadThrough<'a, K>
where
    K::Value: Value,
{
    pub(crate) fn new(cache: Cache, spec: &LookupSpec<'_>, hooks: Hooks<'a, K>) -> Self {
        let mut lookup = Lookup::new(&cache.engine, spec);
        lookup.takes_none = K::from_none().is_some();
        lookup.propagates = hooks.propagate.is_some();
        ReadThrough { cache, lookup, hooks, call: CallOutcome::of(Outcome::Bypass) }
    }

    pub(super) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Returns the cached value, or what `body` loads.
    pub(crate) async fn run<F, L>(mut self, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let engine = &self.cache.engine;
        let found = match mode() {
            Mode::Normal => engine.read(&self.lookup).find().await,
            Mode::Refresh => engine.read(&self.lookup).force_refresh().await,
            Mode::Bypass => {
                self.lookup.region.tracker.count(Count::Bypass);
                return Box::pin(self.alone(Outcome::Bypass, body)).await;
            }
        };
        match found {
            Ok(Found::Entry { entry, waited }) => match self.open(&entry, waited) {
                Some(value) => {
                    self.report();
                    value
                }
                None => Box::pin(self.replace_unreadable(body)).await,
            },
            Ok(found) => Box::pin(self.finish(found, body)).await,
            Err(error) => Box::pin(self.fail(error, body)).await,
        }
    }

    /// The returned value that an entry holds, if it decodes.
    pub(super) fn open(&mut self, entry: &Entry, waited: bool) -> Option<K::Return> {
        let value = if entry.none { K::from_none()? } else { K::from_value(decode(&entry.payload)?) };
        let took = clock::now().saturating_duration_since(self.lookup.started);
        let region = &self.lookup.region;
        let now = clock::now_ms();
        let fresh = region.tracker.served(entry, now);
        region.tracker.time(Timed::Hit, took);
        self.trace(if fresh { "hit" } else { "stale" }, took);
        self.call.outcome = match fresh {
            true if waited => Outcome::Waited,
            true => Outcome::Hit,
            false => Outcome::Stale,
        };
        self.call.stale_for = Duration::from_millis(now.saturating_sub(entry.fresh_until));
        Some(value)
    }

    async fn replace_unreadable<F, L>(mut self, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        match self.cache.engine.read(&self.lookup).replace_unreadable().await {
            Ok(Found::Entry { entry, waited }) => match self.open(&entry, waited) {
                Some(value) => {
                    self.report();
                    value
                }
                // Twice unreadable: another build writes what this one cannot read.
                None => self.alone(Outcome::Miss, body).await,
            },
            Ok(found) => self.finish(found, body).await,
            Err(error) => self.fail(error, body).await,
        }
    }

    async fn finish<F, L>(mut self, found: Found, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let shared = match found {
            Found::Load(guard) => {
                let returned = self.load(guard, body).await;
                self.missed("load");
                return returned;
            }
            Found::SharedFailure(failure) => {
                self.take_shared(&*failure).map(|returned| (returned, Outcome::LoadFailed, "shared_failure"))
            }
            Found::Shared { none, payload } => {
                Self::take_value(none, &payload).map(|returned| (returned, Outcome::Waited, "shared"))
            }
            Found::Entry { .. } => None,
        };
        let (returned, traced) = match shared {
            Some((returned, outcome, traced)) => {
                self.call.outcome = outcome;
                (returned, traced)
            }
            None => (self.timed(Outcome::Miss, body).await, "load"),
        };
        self.missed(traced);
        returned
    }

    async fn fail<F, L>(mut self, error: Error, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        match self.hooks.propagate {
            Some(propagate) => {
                self.call.outcome = Outcome::Error;
                self.report();
                propagate(error)
            }
            None => self.alone(Outcome::Error, body).await,
        }
    }

    /// Loads without the cache.
    async fn alone<F, L>(mut self, outcome: Outcome, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let returned = self.timed(outcome, body).await;
        self.report();
        returned
    }

    async fn timed<F, L>(&mut self, outcome: Outcome, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let began = clock::now();
        let returned = body().await;
        self.call.outcome = outcome;
        self.call.load = Some((began, clock::now()));
        returned
    }

    async fn load<F, L>(&mut self, mut guard: Box<LoadGuard>, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let began = clock::now();
        let returned = guard.run(pin!(body())).await;
        self.call.load = Some((began, clock::now()));
        let result = match K::loaded(&returned) {
            View::Value(value) => self.storable(value),
            View::None => LoadResult::None { ttl: self.lookup.policy.none_ttl },
            View::Failed => {
                let failure = self.hooks.sharing.as_ref().map(|sharing| (sharing.share)(&returned));
                return self.fail_load(guard, failure).await.unwrap_or(returned);
            }
        };
        self.complete_load(guard, result).await;
        returned
    }

    /// Completes a load that returned a value or `None`.
    pub(super) async fn complete_load(&mut self, guard: Box<LoadGuard>, result: LoadResult) {
        let permission = guard.permission;
        let fill = guard.complete(result).await;
        self.call.stored = fill == FillOutcome::Stored;
        self.call.outcome = outcome_of(permission, fill);
    }

    /// Completes a load that failed. Returns the stale value that is served in its place, if there is one.
    pub(super) async fn fail_load(
        &mut self,
        mut guard: Box<LoadGuard>,
        failure: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<K::Return> {
        self.call.outcome = Outcome::LoadFailed;
        let stale = guard.take_stale().and_then(|entry| self.open(&entry, false));
        guard.fail(failure).await;
        stale
    }

    /// Records the time of a load that this read shares with others.
    pub(super) fn loaded_in(&mut self, took: (Instant, Instant)) {
        self.call.load = Some(took);
    }

    /// Counts and reports a read that bypassed the cache.
    pub(super) fn bypassed(mut self) {
        self.lookup.region.tracker.count(Count::Bypass);
        self.call.outcome = Outcome::Bypass;
        self.report();
    }

    pub(super) fn storable(&mut self, value: &K::Value) -> LoadResult {
        let Lookup { policy, region, .. } = &self.lookup;
        // The look-up has checked its tags.
        let Ok(payload) = self.cache.payload(region, value, 0) else {
            return LoadResult::Unshareable;
        };
        if self.hooks.unless.take().is_some_and(|unless| unless(value)) {
            return LoadResult::Unstored { payload };
        }
        let ttl = self.hooks.ttl_by.take().map_or(policy.ttl, |ttl_by| ttl_by(value));
        let version = self.hooks.version_by.take().map(|version_by| version_by(value));
        LoadResult::Value { payload, ttl, stale: policy.stale, version }
    }

    fn take_value(none: bool, payload: &[u8]) -> Option<K::Return> {
        if none { K::from_none() } else { decode(payload).map(K::from_value) }
    }

    fn take_shared(&self, failure: &(dyn Any + Send + Sync)) -> Option<K::Return> {
        self.hooks.sharing.as_ref().and_then(|sharing| (sharing.take)(failure))
    }

    /// Counts, traces and reports a read without a cached value.
    pub(super) fn missed(&self, traced: &'static str) {
        let took = clock::now().saturating_duration_since(self.lookup.started);
        self.lookup.region.tracker.count(Count::Miss);
        self.lookup.region.tracker.time(Timed::Miss, took);
        self.trace(traced, took);
        self.report();
    }

    pub(super) fn report(&self) {
        call_report::report(&self.lookup.region, Operation::Read, self.lookup.started, self.call);
    }

    fn trace(&self, outcome: &'static str, took: Duration) {
        tracing::debug!(
            target: "jollycache",
            region = %self.lookup.region.name,
            key = %self.lookup.key,
            outcome,
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "cache read"
        );
    }
}

fn outcome_of(permission: LoadPermission, fill: FillOutcome) -> Outcome {
    match (permission, fill) {
        (LoadPermission::Bypass, _) => Outcome::Bypass,
        (LoadPermission::Broken, _) | (LoadPermission::Leased, FillOutcome::Failed) => Outcome::Error,
        (LoadPermission::Leased, FillOutcome::Refused) => Outcome::Refused,
        (LoadPermission::Leased, FillOutcome::Stored | FillOutcome::Unstored) => Outcome::Miss,
    }
}
