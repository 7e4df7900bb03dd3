//! How one entry is compared with its source, and repaired.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::auditor::{Auditor, LoadFuture, Loaded, Sourced};
use crate::backend::Capability;
use crate::clock;
use crate::engine::read::UpdateLease;
use crate::engine::{Engine, LoadGuard, LoadResult, Loading, Lookup, LookupSpec, Target};
use crate::entry::Entry;
use crate::error::Result;
use crate::key::{Key, StoredKey};
use crate::policy::{Policy, Resolved};

/// How one entry came out.
pub(super) enum Verdict {
    /// The source has the same value.
    Same,
    /// It was changed, evicted or loaded by another caller meanwhile, or has expired.
    Disturbed,
    /// The source could not be asked.
    LoadFailed,
    /// The source has another value. The entry was repaired.
    Repaired { age: Duration },
    /// The source has another value, and the entry could not be repaired; its eviction is queued.
    Unrepaired { age: Duration },
}

impl Auditor {
    /// Compares one entry with the source. Fails when the backend does.
    pub(super) async fn examine(
        &self,
        engine: &Arc<Engine>,
        key: Key,
        stored: &StoredKey,
    ) -> Result<Verdict> {
        let lookup = self.lookup(engine, &key);
        if lookup.undelivered.is_of_key() {
            return Ok(Verdict::Disturbed);
        }
        let (entry, guard) = match engine.read(&lookup).try_lease_for_update().await? {
            UpdateLease::Granted(Some(entry), guard) if entry.is_fresh(clock::now_ms()) => (entry, guard),
            UpdateLease::Granted(_, guard) => {
                guard.release_untouched().await;
                return Ok(Verdict::Disturbed);
            }
            UpdateLease::Contended { .. } => return Ok(Verdict::Disturbed),
        };
        // Behind the lease's end there is nothing left to judge.
        let load =
            Loading::run(&engine.store, vec![stored.clone()], false, caught(|| (self.load)(key.clone())));
        let loaded = match tokio::time::timeout(lookup.policy.lease, load).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => {
                tracing::warn!(region = %self.region.name, key = %stored, %error, "an audit could not load");
                guard.release_untouched().await;
                return Ok(Verdict::LoadFailed);
            }
            Err(_) => return Ok(Verdict::LoadFailed),
        };
        if self.agree(&entry, loaded.as_ref()) {
            guard.release_untouched().await;
            return Ok(Verdict::Same);
        }
        let age = Duration::from_millis(clock::now_ms().saturating_sub(entry.created));
        Ok(match self.repair(engine, key, &lookup, &entry, loaded, guard).await? {
            Some(true) => Verdict::Repaired { age },
            Some(false) => Verdict::Unrepaired { age },
            None => Verdict::Disturbed,
        })
    }

    /// A read that takes any entry of the region, and does not wait.
    fn lookup(&self, engine: &Engine, key: &Key) -> Lookup {
        let policies = [&Policy::UNSET, &Policy::UNSET];
        let spec = LookupSpec { region: &self.region.name, key, tags: &[], policies, type_of: self.type_of };
        let lookup = Lookup::new(engine, &spec);
        // The lifetime of a repaired value is the old one's, which had its jitter.
        let policy = Resolved { jitter: 0.0, ..lookup.policy };
        // No tag is declared, so that each of the entry's own is looked up.
        Lookup { takes_none: true, policy, tags: Vec::new(), tag_keys: Vec::new(), ..lookup }
    }

    fn agree(&self, entry: &Entry, loaded: Option<&Sourced>) -> bool {
        match loaded {
            None => entry.none,
            Some(Sourced { payload: loaded, .. }) => {
                !entry.none && (*loaded == entry.payload || (self.same)(&entry.payload, loaded))
            }
        }
    }

    /// Replaces or evicts an entry that differs. `None` if something happened to it since the lease, so that
    /// the difference is not proven.
    async fn repair(
        &self,
        engine: &Arc<Engine>,
        key: Key,
        lookup: &Lookup,
        entry: &Entry,
        loaded: Option<Sourced>,
        guard: Box<LoadGuard>,
    ) -> Result<Option<bool>> {
        // The tags and the version of the loaded value come from its function, which the auditor does not have.
        let replaceable = !self.only_evicts
            && !entry.none
            && entry.tags.is_empty()
            && entry.version.is_none()
            // A replaced value takes the lifetime of the old one.
            && engine.store.supports(Capability::Lifetimes);
        let fits = |loaded: &Sourced| loaded.is_kept && loaded.payload.len() <= engine.limits.value_bytes;
        if let Some(Sourced { payload, .. }) = loaded.filter(|loaded| replaceable && fits(loaded)) {
            let (ttl, stale) = self.lifetime(engine, lookup, entry).await?;
            let value = LoadResult::Value { payload, ttl, stale, version: None };
            return Ok(guard.store_if_untouched(value).await.then_some(true));
        }
        if !guard.release_untouched().await {
            return Ok(None);
        }
        let mut eviction = engine.eviction(&self.region, &lookup.policy);
        eviction.add(Target::Key(key));
        Ok(Some(eviction.run().await.is_ok()))
    }

    /// What is left of the entry's lifetime, fresh and stale.
    async fn lifetime(
        &self,
        engine: &Engine,
        lookup: &Lookup,
        entry: &Entry,
    ) -> Result<(Duration, Duration)> {
        let left = lookup.call(&engine.store)?.ttl(&lookup.key).await?.unwrap_or_default();
        let fresh = Duration::from_millis(entry.fresh_until.saturating_sub(clock::now_ms()));
        Ok((fresh, left.saturating_sub(fresh)))
    }
}

/// Runs a loader. One that panics has failed, and the schedule goes on.
async fn caught(load: impl FnOnce() -> LoadFuture) -> Loaded {
    let panicked = || Err("the loader panicked".into());
    let Ok(mut loading) = catch_unwind(AssertUnwindSafe(load)) else { return panicked() };
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| loading.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(panicked()))
    })
    .await
}
