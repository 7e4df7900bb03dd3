//! Many reads at once: one round trip for all of them, and one load for those that find nothing.

use std::sync::Arc;

use futures_util::future::join_all;

use super::lead::Acquired;
use super::read::Looked;
use super::{Found, Lookup, Seen};
use crate::clock;
use crate::engine::Engine;
use crate::engine::ticket::{Grant, Ticket};
use crate::error::Result;
use crate::policy::{Resolved, SingleFlight};
use crate::tracker::Count;

impl Engine {
    /// As [`Engine::find`], for lookups of one region and policy, and without waiting: a key that somebody else loads is
    /// to be loaded by this caller too, and not stored. Returns [`Found::Entry`] and [`Found::Load`] only.
    ///
    /// One load follows for all that find nothing, so that they have one place among the unleased loads together.
    pub(crate) async fn find_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        self.ensure_worker();
        let looked = self.look_many(lookups).await;
        self.lease_each(lookups, looked).await
    }

    /// As [`Engine::find_nothing`], for many.
    pub(crate) async fn find_nothing_of_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        self.ensure_worker();
        let Some(first) = lookups.first() else { return Vec::new() };
        let keys: Vec<_> = lookups.iter().map(|lookup| lookup.key.clone()).collect();
        let dropped = self.invalidate_at_once(first, &keys).await;
        let nothing = dropped.map(|_| vec![Looked::default(); lookups.len()]);
        self.lease_each(lookups, nothing).await
    }

    /// As [`Engine::find_readable`], for many.
    pub(crate) async fn find_readable_of_many(self: &Arc<Self>, lookups: &[&Lookup]) -> Vec<Found> {
        let leases = lookups.iter().map(|lookup| {
            lookup.region.tracker.count(Count::UnreadableEntry);
            self.lease_at_once(lookup, Seen { unreadable: true, ..Seen::default() })
        });
        let found = join_all(leases).await;
        self.with_place(lookups, found).await
    }

    /// Asks for the lease once, without waiting. `None` if the caller may only load for itself.
    #[cfg(feature = "http")]
    pub(crate) async fn try_lease(self: &Arc<Self>, lookup: &Lookup) -> Option<Box<Ticket>> {
        self.ensure_worker();
        match self.lease_at_once(lookup, Seen::default()).await {
            Found::Load(ticket) if ticket.may_store() => Some(ticket),
            _ => None,
        }
    }

    async fn lease_each(self: &Arc<Self>, lookups: &[&Lookup], looked: Result<Vec<Looked>>) -> Vec<Found> {
        let found = match looked {
            Ok(looked) => {
                let each = lookups.iter().zip(looked);
                join_all(each.map(|(lookup, looked)| self.go_on(lookup, looked))).await
            }
            Err(_) => lookups
                .iter()
                .map(|lookup| {
                    lookup.region.tracker.count(Count::Bypass);
                    self.unleased(lookup, Grant::Broken)
                })
                .collect(),
        };
        self.with_place(lookups, found).await
    }

    async fn go_on(self: &Arc<Self>, lookup: &Lookup, (entry, tag_ids): Looked) -> Found {
        if lookup.undelivered.is_of_key() {
            lookup.region.tracker.count(Count::Bypass);
            return self.unleased(lookup, Grant::Bypass);
        }
        match entry {
            Some(entry) if entry.is_fresh(clock::now_ms()) => Found::cached(entry),
            stale => self.lease_at_once(lookup, Seen { tag_ids, stale, unreadable: false }).await,
        }
    }

    /// Asks for the lease once. A stale value is served while another caller has it.
    async fn lease_at_once(self: &Arc<Self>, lookup: &Lookup, seen: Seen) -> Found {
        let policy = Resolved { single_flight: SingleFlight::Off, ..lookup.policy };
        let lookup = Lookup { policy, ..lookup.clone() };
        if lookup.check_tags().is_err() {
            return self.unleased(&lookup, Grant::Bypass);
        }
        match self.acquire(&lookup, seen).await {
            Ok(Acquired::Value { entry, waited }) => Found::Entry { entry, waited },
            Ok(Acquired::Lease(leased)) => Found::Load(Ticket::leased(self, &lookup, None, leased)),
            Ok(Acquired::Nothing) => self.unleased(&lookup, Grant::Bypass),
            Err(_) => self.unleased(&lookup, Grant::Broken),
        }
    }

    /// A load past the cache, without a place of its own.
    pub(crate) fn bypassing(self: &Arc<Self>, lookup: &Lookup) -> Box<Ticket> {
        Ticket::unleased(self, lookup, None, Grant::Bypass, (None, None))
    }

    fn unleased(self: &Arc<Self>, lookup: &Lookup, grant: Grant) -> Found {
        Found::Load(Ticket::unleased(self, lookup, None, grant, (None, None)))
    }

    /// Waits for a place, if there is a load without a lease among them, and gives it to one of these.
    async fn with_place(&self, lookups: &[&Lookup], mut found: Vec<Found>) -> Vec<Found> {
        let mut unleased = lookups.iter().zip(&mut found).filter_map(|(lookup, found)| match found {
            Found::Load(ticket) if !ticket.may_store() => Some((lookup, ticket)),
            _ => None,
        });
        if let Some((lookup, ticket)) = unleased.next() {
            let permit = self.load_permit(lookup).await;
            ticket.hold(permit);
        }
        found
    }
}
