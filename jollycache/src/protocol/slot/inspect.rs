//! What a slot holds, as an [`Inspection`].

use super::{Slot, last_end, remaining};
use crate::clock::Millis;
use crate::protocol::inspection::Inspection;

impl Slot {
    /// What the slot holds, without the tokens.
    pub fn inspect(self, now: Millis) -> Inspection {
        match self.at(now) {
            Slot::Vacant => Inspection::Vacant,
            Slot::Leased { region, holder, .. } => {
                Inspection::Leased { region, remaining: remaining(holder.until, now) }
            }
            Slot::Filled { entry, expires, lease } => Inspection::Value {
                entry,
                now,
                remaining: remaining(expires, now),
                lease: lease.map(|holder| remaining(holder.until, now)),
            },
            Slot::Intent { region, writers, poisoned, .. } => Inspection::Intent {
                region,
                remaining: remaining(last_end(&writers), now),
                writers: writers.len(),
                poisoned,
            },
            Slot::Evicted { region, closed_until, .. } => {
                Inspection::Evicted { region, closed: remaining(closed_until, now) }
            }
        }
    }
}
