//! A miss, for the caller that loads: it gets the lease, or what makes it needless, or a turn without one.

use std::time::Duration;

use super::found::{Found, Observed};
use super::lease::{HeldLease, LoadLease};
use super::load_guard::{LoadGuard, LoadPermission};
use super::reader::Reader;
use crate::backend::{Lease, LeaseMode, Signal, Watch};
use crate::engine::flight::Leader;
use crate::entry::{Entry, TagStamp, Token};
use crate::error::Result;
use crate::policy::SingleFlight;
use crate::tracker::Count;

/// What a leader got from the backend.
pub(super) enum Acquired {
    /// A value after all, fresh, or stale while another caller refreshes it.
    Value { entry: Entry, waited: bool },
    /// The lease, and what it replaces.
    Lease(LoadLease),
    /// Load, and do not store.
    Nothing,
}

impl Reader<'_> {
    /// Gets the leader something to serve, or the right to load it.
    pub(super) async fn lead(self, leader: Option<Leader>, observed: Observed) -> Result<Found> {
        if self.lookup.check_tags().is_err() {
            return Ok(self.load_unleased(leader, LoadPermission::Bypass).await);
        }
        match self.acquire(observed).await {
            // A hit is the reader's own: followers may have started after an invalidation that came after it.
            Ok(Acquired::Value { entry, waited }) => Ok(Found::Entry { entry, waited }),
            Ok(Acquired::Lease(leased)) => Ok(Found::Load(LoadGuard::leased(self, leader, leased))),
            Err(error) if self.lookup.propagates => Err(error),
            Ok(Acquired::Nothing) => Ok(self.load_unleased(leader, LoadPermission::Bypass).await),
            Err(_) => Ok(self.load_unleased(leader, LoadPermission::Broken).await),
        }
    }

    /// Asks for the lease, and waits for its holder, until there is a value, a lease or no time left.
    pub(super) async fn acquire(self, observed: Observed) -> Result<Acquired> {
        let stamps = self.stamp_tags(&observed.tag_ids).await?;
        let mut held = HeldLease::new(self);
        let (mut watch, mut replace, mut others_failed) = (None::<Watch>, observed.unreadable, false);
        loop {
            let mode = if replace { LeaseMode::Replace } else { LeaseMode::Load };
            let (stale, remaining) = match held.request(self.lookup, &stamps, mode).await? {
                Lease::Hit(entry) if self.may_serve(&entry, &stamps).await? => {
                    return Ok(Acquired::Value { entry, waited: watch.is_some() });
                }
                // The entry failed a check only the reader can make (type, undeclared tags): retry with `LeaseMode::Replace`.
                Lease::Hit(_) if replace => return Ok(Acquired::Nothing),
                Lease::Hit(_) => {
                    replace = true;
                    continue;
                }
                Lease::Leased { stale } => {
                    let stale = self.servable(stale, &stamps).await;
                    return Ok(Acquired::Lease(LoadLease { held, stale, stamps }));
                }
                Lease::Wait { stale, remaining } => (stale, remaining),
                Lease::Bypass { .. } => return Ok(Acquired::Nothing),
            };
            let stale = stale.filter(|stale| self.lookup.may_serve_stale(stale));
            if let Some(stale) = self.servable(stale, &stamps).await {
                return Ok(Acquired::Value { entry: stale, waited: false });
            }
            replace = false;
            let patience = self.lookup.time_left().min(remaining);
            let waits = self.lookup.policy.single_flight == SingleFlight::Cluster
                && !patience.is_zero()
                && !others_failed;
            if !waits {
                return Ok(Acquired::Nothing);
            }
            others_failed = self.await_change(&mut watch, patience).await?;
        }
    }

    /// A stale value, if it may be served; one that cannot be judged may not.
    pub(in crate::engine) async fn servable(self, stale: Option<Entry>, live: &[TagStamp]) -> Option<Entry> {
        let stale = stale?;
        matches!(self.may_serve(&stale, live).await, Ok(true)).then_some(stale)
    }

    /// Waits for a change of the key, for at most `patience`. Returns whether that was a failed load: then the next one
    /// may fail as well, and callers must not queue for that.
    pub(in crate::engine) async fn await_change(
        self,
        watch: &mut Option<Watch>,
        patience: Duration,
    ) -> Result<bool> {
        let Some(watch) = watch else {
            // The key may have changed before the watch began, so the lease is requested once more before waiting.
            self.lookup.region.tracker.count(Count::LeaseWait);
            *watch = Some(self.call()?.watch(&self.lookup.key).await?);
            return Ok(false);
        };
        // A lost message costs the rest of the other's lease, no more.
        Ok(matches!(tokio::time::timeout(patience, watch.changed()).await, Ok(Signal::Failed)))
    }

    /// The declared tags with their ids, made where there are none. This is the snapshot before the load.
    ///
    /// # Errors
    /// When there are more tags than an entry can hold, so that nothing can be stored, and when the backend fails.
    pub(in crate::engine) async fn stamp_tags(self, ids: &[Option<Token>]) -> Result<Vec<TagStamp>> {
        self.lookup.check_tags()?;
        let stamps = self.lookup.stamps(ids);
        if stamps.len() == self.lookup.tags.len() {
            return Ok(stamps);
        }
        let ids = self.call()?.tag_ids(&self.lookup.tag_keys).await?;
        Ok(self.lookup.stamps(&ids.into_iter().map(Some).collect::<Vec<_>>()))
    }

    /// A load that may not be stored, in its turn and at a bounded number at once.
    ///
    /// Whether an invalidation overtakes such a load is unknown, so its flight is sealed before it begins: then
    /// it began after all its followers did. Later callers join the next flight, whose leader waits here for its
    /// turn.
    pub(super) async fn load_unleased(self, leader: Option<Leader>, permission: LoadPermission) -> Found {
        let turn = match &leader {
            Some(leader) => tokio::time::timeout(self.lookup.time_left(), leader.turn()).await.ok(),
            None => None,
        };
        let place = self.load_place().await;
        Found::Load(LoadGuard::unleased(self, leader, permission, (turn, place)))
    }
}
