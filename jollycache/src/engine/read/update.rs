//! Optimistic update: the new value is stored only if nothing happened to the old one meanwhile.
//!
//! The lease is what links the two, as a load-linked does a store-conditional (Jensen, Hagensen and Broughton, 1987):
//! it is taken over the value that is read, and whatever touches the key drops it.

use std::time::Duration;

use super::lease::{HeldLease, LoadLease};
use super::load_guard::LoadGuard;
use super::lookup::Lookup;
use super::reader::Reader;
use crate::backend::{Lease, LeaseMode};
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::tracker::Count;

/// The answer to a try at [`Reader::lease_for_update`].
#[derive(Debug)]
pub(in crate::engine) enum UpdateLease {
    /// The lease is held, over this value.
    Granted(Option<Entry>, Box<LoadGuard>),
    /// Another caller loads or writes.
    Contended {
        /// For how long at most.
        remaining: Duration,
    },
}

impl Reader<'_> {
    /// Leases the key over whatever value is there. The value is handed out where it may be served.
    ///
    /// Waits for another's lease, for as long as the policy allows.
    pub(crate) async fn lease_for_update(self) -> Result<(Option<Entry>, Box<LoadGuard>)> {
        if self.is_loading() {
            return Err(Error::new(
                ErrorKind::Contended,
                format!("{} is being loaded by this caller", self.lookup.key),
            ));
        }
        let mut watch = None;
        loop {
            let remaining = match self.try_lease_for_update().await? {
                UpdateLease::Granted(old, guard) => return Ok((old, guard)),
                UpdateLease::Contended { remaining } => remaining,
            };
            let patience = self.lookup.time_left().min(remaining);
            if patience.is_zero() {
                self.lookup.region.tracker.count(Count::BackendError);
                let why = format!("{} is being loaded or written by somebody else", self.lookup.key);
                return Err(Error::new(ErrorKind::Contended, why));
            }
            self.await_change(&mut watch, patience).await?;
        }
    }

    /// The lease over whatever value is there, fresh or not, if it can be had at once, with that value.
    #[cfg(feature = "http")]
    pub(crate) async fn try_refresh(self) -> Option<(Option<Entry>, Box<LoadGuard>)> {
        match self.try_lease_for_update().await {
            Ok(UpdateLease::Granted(old, guard)) => Some((old, guard)),
            Ok(UpdateLease::Contended { .. }) | Err(_) => None,
        }
    }

    /// As [`Reader::lease_for_update`], without waiting.
    pub(in crate::engine) async fn try_lease_for_update(self) -> Result<UpdateLease> {
        self.engine.ensure_worker();
        let stamps = self.stamp_tags(&[]).await?;
        let mut held = HeldLease::new(self);
        let answer = held.request(self.lookup, &stamps, LeaseMode::Refresh).await?;
        Ok(match answer {
            Lease::Leased { stale } => {
                let old = self.servable(stale, &stamps).await;
                let stamps = old.as_ref().map_or(stamps, |entry| entry.tags.clone());
                // The tags that the value has, and not only those that were declared, decide whether it is touched.
                let tag_keys = stamps.iter().map(|tag| self.engine.namespace().tag_name(&tag.name)).collect();
                let lookup = Lookup { tag_keys, ..self.lookup.clone() };
                let leased = LoadLease { held, stale: None, stamps };
                UpdateLease::Granted(old, LoadGuard::leased(Reader { lookup: &lookup, ..self }, None, leased))
            }
            Lease::Wait { remaining, .. } | Lease::Bypass { remaining } => {
                UpdateLease::Contended { remaining }
            }
            Lease::Hit(_) => UpdateLease::Contended { remaining: Duration::ZERO },
        })
    }
}
