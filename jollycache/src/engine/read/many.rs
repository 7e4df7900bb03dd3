//! Many reads at once: one round trip for all of them, and one load for those that find nothing.

use std::sync::Arc;

use futures_util::future::join_all;

use super::fetch::Fetched;
use super::found::{Found, Observed};
use super::lead::Acquired;
use super::load_guard::{LoadGuard, LoadPermission};
use super::lookup::Lookup;
use crate::clock;
use crate::engine::Engine;
use crate::error::Result;
use crate::policy::{Resolved, SingleFlight};
use crate::tracker::Count;

impl Engine {
    /// As [`Engine::find`], for lookups of one region and policy, and without waiting: a key that another caller loads is
    /// to be loaded by this caller too, and not stored. Returns [`Found::Entry`] and [`Found::Load`] only.
    ///
    /// One load follows for all that find nothing, so that they have one place among the unleased loads together.
    pub(crate) async fn find_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        self.ensure_worker();
        let fetched = self.fetch_many(lookups).await;
        self.lease_each(lookups, fetched).await
    }

    /// As [`Engine::force_refresh`], for many.
    pub(crate) async fn force_refresh_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        self.ensure_worker();
        let Some(first) = lookups.first() else { return Vec::new() };
        let keys: Vec<_> = lookups.iter().map(|lookup| lookup.key.clone()).collect();
        let dropped = self.invalidate_at_once(first, &keys).await;
        let nothing = dropped.map(|_| vec![Fetched::default(); lookups.len()]);
        self.lease_each(lookups, nothing).await
    }

    /// As [`Engine::replace_unreadable`], for many.
    pub(crate) async fn replace_unreadable_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        let leases = lookups.iter().map(|lookup| {
            lookup.region.tracker.count(Count::UnreadableEntry);
            self.lease_at_once(lookup, Observed { unreadable: true, ..Observed::default() })
        });
        let found = join_all(leases).await;
        self.with_place(lookups, found).await
    }

    /// Asks for the lease once, without waiting. `None` if the caller may only load for itself.
    #[cfg(feature = "http")]
    pub(crate) async fn try_lease(self: &Arc<Self>, lookup: &Lookup) -> Option<Box<LoadGuard>> {
        self.ensure_worker();
        match self.lease_at_once(lookup, Observed::default()).await {
            Found::Load(guard) if guard.may_store() => Some(guard),
            _ => None,
        }
    }

    async fn lease_each(self: &Arc<Self>, lookups: &[&Lookup], fetched: Result<Vec<Fetched>>) -> Vec<Found> {
        let found = match fetched {
            Ok(fetched) => {
                let each = lookups.iter().zip(fetched);
                join_all(each.map(|(lookup, fetched)| self.go_on(lookup, fetched))).await
            }
            Err(_) => lookups
                .iter()
                .map(|lookup| {
                    lookup.region.tracker.count(Count::Bypass);
                    self.unleased(lookup, LoadPermission::Broken)
                })
                .collect(),
        };
        self.with_place(lookups, found).await
    }

    async fn go_on(self: &Arc<Self>, lookup: &Lookup, (entry, tag_ids): Fetched) -> Found {
        if lookup.undelivered.is_of_key() {
            lookup.region.tracker.count(Count::Bypass);
            return self.unleased(lookup, LoadPermission::Bypass);
        }
        match entry {
            Some(entry) if entry.is_fresh(clock::now_ms()) => Found::cached(entry),
            stale => self.lease_at_once(lookup, Observed { tag_ids, stale, unreadable: false }).await,
        }
    }

    /// Asks for the lease once. A stale value is served while another caller has it.
    async fn lease_at_once(self: &Arc<Self>, lookup: &Lookup, observed: Observed) -> Found {
        let policy = Resolved { single_flight: SingleFlight::Off, ..lookup.policy };
        let lookup = Lookup { policy, ..lookup.clone() };
        if lookup.check_tags().is_err() {
            return self.unleased(&lookup, LoadPermission::Bypass);
        }
        match self.acquire(&lookup, observed).await {
            Ok(Acquired::Value { entry, waited }) => Found::Entry { entry, waited },
            Ok(Acquired::Lease(leased)) => Found::Load(LoadGuard::leased(self, &lookup, None, leased)),
            Ok(Acquired::Nothing) => self.unleased(&lookup, LoadPermission::Bypass),
            Err(_) => self.unleased(&lookup, LoadPermission::Broken),
        }
    }

    /// A load past the cache, without a place of its own.
    pub(crate) fn bypassing(self: &Arc<Self>, lookup: &Lookup) -> Box<LoadGuard> {
        LoadGuard::unleased(self, lookup, None, LoadPermission::Bypass, (None, None))
    }

    fn unleased(self: &Arc<Self>, lookup: &Lookup, permission: LoadPermission) -> Found {
        Found::Load(LoadGuard::unleased(self, lookup, None, permission, (None, None)))
    }

    /// Waits for a place, if there is a load without a lease among them, and gives it to one of these.
    async fn with_place(&self, lookups: &[&Lookup], mut found: Vec<Found>) -> Vec<Found> {
        let mut unleased = lookups.iter().zip(&mut found).filter_map(|(lookup, found)| match found {
            Found::Load(guard) if !guard.may_store() => Some((lookup, guard)),
            _ => None,
        });
        if let Some((lookup, guard)) = unleased.next() {
            let place = self.load_place(lookup).await;
            guard.hold(place);
        }
        found
    }
}
