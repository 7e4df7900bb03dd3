//! Many reads at once: one round trip for all of them, and one load for those that find nothing.

use futures_util::future::join_all;

use super::fetch::Fetched;
use super::found::{Found, Observed};
use super::lead::Acquired;
use super::load_guard::{LoadGuard, LoadPermission};
use super::lookup::Lookup;
use super::reader::{BatchReader, Reader};
use crate::clock;
use crate::error::Result;
use crate::policy::{Resolved, SingleFlight};
use crate::tracker::Count;

impl BatchReader<'_> {
    /// As [`Reader::find`], for each, and without waiting: a key that another caller loads is to be loaded by this
    /// caller too, and not stored. Returns [`Found::Entry`] and [`Found::Load`] only.
    ///
    /// One load follows for all that find nothing, so that they have one place among the unleased loads together.
    pub(crate) async fn find(self) -> Vec<Found> {
        self.engine.ensure_worker();
        let fetched = self.fetch().await;
        self.lease_each(fetched).await
    }

    /// As [`Reader::force_refresh`], for each.
    pub(crate) async fn force_refresh(self) -> Vec<Found> {
        self.engine.ensure_worker();
        let Some(first) = self.each().next() else { return Vec::new() };
        let keys: Vec<_> = self.lookups.iter().map(|lookup| lookup.key.clone()).collect();
        let dropped = first.invalidate_at_once(&keys).await;
        let nothing = dropped.map(|_| vec![Fetched::default(); self.lookups.len()]);
        self.lease_each(nothing).await
    }

    /// As [`Reader::replace_unreadable`], for each.
    pub(crate) async fn replace_unreadable(self) -> Vec<Found> {
        let leases = self.each().map(|reader| {
            reader.lookup.region.tracker.count(Count::UnreadableEntry);
            reader.lease_at_once(Observed { unreadable: true, ..Observed::default() })
        });
        let found = join_all(leases).await;
        self.with_place(found).await
    }

    async fn lease_each(self, fetched: Result<Vec<Fetched>>) -> Vec<Found> {
        let found = match fetched {
            Ok(fetched) => {
                let each = self.each().zip(fetched);
                join_all(each.map(|(reader, fetched)| reader.go_on(fetched))).await
            }
            Err(_) => self.each().map(|reader| reader.bypassed(LoadPermission::Broken)).collect(),
        };
        self.with_place(found).await
    }

    /// Waits for a place, if there is a load without a lease among them, and gives it to one of these.
    async fn with_place(self, mut found: Vec<Found>) -> Vec<Found> {
        let mut unleased = self.each().zip(&mut found).filter_map(|(reader, found)| match found {
            Found::Load(guard) if !guard.may_store() => Some((reader, guard)),
            _ => None,
        });
        if let Some((reader, guard)) = unleased.next() {
            let place = reader.load_place().await;
            guard.hold(place);
        }
        found
    }
}

impl Reader<'_> {
    async fn go_on(self, (entry, tag_ids): Fetched) -> Found {
        if self.lookup.undelivered.is_of_key() {
            return self.bypassed(LoadPermission::Bypass);
        }
        match entry {
            Some(entry) if entry.is_fresh(clock::now_ms()) => Found::cached(entry),
            stale => self.lease_at_once(Observed { tag_ids, stale, unreadable: false }).await,
        }
    }

    /// Asks for the lease once. A stale value is served while another caller has it.
    async fn lease_at_once(self, observed: Observed) -> Found {
        let policy = Resolved { single_flight: SingleFlight::Off, ..self.lookup.policy };
        let lookup = Lookup { policy, ..self.lookup.clone() };
        let once = Reader { lookup: &lookup, ..self };
        if lookup.check_tags().is_err() {
            return once.unleased(LoadPermission::Bypass);
        }
        match once.acquire(observed).await {
            Ok(Acquired::Value { entry, waited }) => Found::Entry { entry, waited },
            Ok(Acquired::Lease(leased)) => Found::Load(LoadGuard::leased(once, None, leased)),
            Ok(Acquired::Nothing) => once.unleased(LoadPermission::Bypass),
            Err(_) => once.unleased(LoadPermission::Broken),
        }
    }

    /// Requests the lease once, without waiting. `None` if the caller may only load for itself.
    #[cfg(feature = "http")]
    pub(crate) async fn try_lease(self) -> Option<Box<LoadGuard>> {
        self.engine.ensure_worker();
        match self.lease_at_once(Observed::default()).await {
            Found::Load(guard) if guard.may_store() => Some(guard),
            _ => None,
        }
    }

    /// A load past the cache, without a place of its own.
    pub(crate) fn bypass(self) -> Box<LoadGuard> {
        LoadGuard::unleased(self, None, LoadPermission::Bypass, (None, None))
    }

    fn bypassed(self, permission: LoadPermission) -> Found {
        self.lookup.region.tracker.count(Count::Bypass);
        self.unleased(permission)
    }

    fn unleased(self, permission: LoadPermission) -> Found {
        Found::Load(LoadGuard::unleased(self, None, permission, (None, None)))
    }
}
