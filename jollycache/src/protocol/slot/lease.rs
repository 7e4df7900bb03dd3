//! Loads: how a lease on a slot is requested, taken over, filled and released.

use std::time::Duration;

use super::{Slot, filled, remaining};
use crate::clock::{Millis, as_millis};
use crate::entry::{Draft, Entry, RegionId, Token};
use crate::protocol::holder::Holder;
use crate::protocol::request::{Lease, LeaseMode, LeaseRequest};

impl Slot {
    /// A load requests the lease.
    pub fn lease(self, now: Millis, request: &LeaseRequest<'_>) -> (Self, Lease) {
        let slot = self.at(now);
        if let Some(until) = slot.closed_until().filter(|until| *until > now) {
            return (slot, Lease::Bypass { remaining: remaining(until, now) });
        }
        let accepted =
            |entry: &&Entry| request.mode != LeaseMode::Replace && entry.carries(request.live_tags);
        let acceptable = slot.entry().filter(accepted).cloned();
        let hit = acceptable.as_ref().filter(|entry| request.mode == LeaseMode::Load && entry.is_fresh(now));
        if let Some(hit) = hit.cloned() {
            return (slot, Lease::Hit(hit));
        }
        // Granting the lease again to its holder makes the request idempotent under retry.
        if let Some(holder) = slot.lease_holder().filter(|holder| holder.token != request.token) {
            return (slot, Lease::Wait { stale: acceptable, remaining: remaining(holder.until, now) });
        }
        let holder = Holder { token: request.token, until: now.saturating_add(as_millis(request.ttl)) };
        let floor = slot.floor();
        let next = match (acceptable.clone(), slot) {
            (Some(entry), Slot::Filled { expires, .. }) => {
                Slot::Filled { entry, expires, lease: Some(holder) }
            }
            _ => Slot::Leased { region: request.region, holder, closed_until: 0, floor },
        };
        (next, Lease::Leased { stale: acceptable })
    }

    /// A put takes the lease whatever the slot holds, unless there is an intent. Returns the token to fill with.
    pub fn take_lease(
        self,
        now: Millis,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> (Self, Option<Token>) {
        let slot = self.at(now);
        if matches!(slot, Slot::Intent { .. }) {
            return (slot, None);
        }
        let token = slot.lease_holder().map_or(token, |holder| token.succeeding(holder.token));
        let holder = Holder { token, until: now.saturating_add(as_millis(ttl)) };
        let next = match slot {
            // A value that ended before the lease would take the lease along.
            Slot::Filled { entry, expires, .. } if expires >= holder.until => {
                Slot::Filled { entry, expires, lease: Some(holder) }
            }
            slot => {
                let closed_until = slot.closed_until().filter(|until| *until > now).unwrap_or(0);
                Slot::Leased { region, holder, closed_until, floor: slot.floor() }
            }
        };
        (next, Some(token))
    }

    /// The holder of the lease stores the value, or a former holder whose lease was taken over and is not yet filled.
    /// Returns whether the value was stored.
    pub fn fill(self, now: Millis, token: Token, draft: &Draft) -> (Self, bool) {
        let slot = self.at(now);
        let Some(holder) = slot.lease_of(token) else { return (slot, false) };
        let successor = (holder.token != token).then_some(holder);
        if slot.is_too_old(draft) {
            return (if successor.is_some() { slot } else { slot.without_lease(now) }, false);
        }
        (filled(draft, successor, now), true)
    }

    /// The holder of the lease returns it; a lease that was taken over stays with its new holder. Returns whether the lease
    /// still existed.
    pub fn release(self, now: Millis, token: Token) -> (Self, bool) {
        let slot = self.at(now);
        match slot.lease_of(token) {
            None => (slot, false),
            Some(holder) if holder.token != token => (slot, true),
            Some(_) => (slot.without_lease(now), true),
        }
    }

    fn lease_holder(&self) -> Option<Holder> {
        match self {
            Slot::Leased { holder, .. } => Some(*holder),
            Slot::Filled { lease, .. } => *lease,
            Slot::Vacant | Slot::Intent { .. } | Slot::Evicted { .. } => None,
        }
    }

    /// The lease that was granted to `token`, also after another holder took it over.
    fn lease_of(&self, token: Token) -> Option<Holder> {
        self.lease_holder().filter(|holder| holder.token.has_lineage_of(token))
    }
}
