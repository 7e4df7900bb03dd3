//! Rosters of near caches in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{MemoryBackend, RUN};
use crate::backend::capability::Rosters;
use crate::backend::notify::Delivery;
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::near::{Announced, Announcement, Expulsion, RenewRequest, Renewed, Roster};

/// The rosters by name: one for each namespace with a near cache.
#[derive(Debug, Default)]
pub(super) struct RosterMap(Mutex<HashMap<StoredKey, Roster>>);

impl RosterMap {
    fn lock(&self) -> MutexGuard<'_, HashMap<StoredKey, Roster>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Rosters for MemoryBackend {
    async fn renew_right(&self, roster: &StoredKey, request: &RenewRequest) -> Result<Renewed> {
        let mut rosters = self.rosters.lock();
        // Nothing is lost without the members, which are in the same process.
        let roster = rosters.entry(roster.clone()).or_insert_with(|| Roster::first(RUN, request.fresh));
        Ok(roster.renew(request))
    }

    async fn announce(&self, name: &StoredKey, announcement: &Announcement<'_>) -> Result<Option<Announced>> {
        let mut rosters = self.rosters.lock();
        let Some(announced) = rosters.get_mut(name).and_then(Roster::announce) else { return Ok(None) };
        let published = announced.position.publish(announcement.message);
        // Under the lock, so that messages have the order of their numbers.
        self.subscribers.deliver(name.as_str(), Delivery::Message(published));
        Ok(Some(announced))
    }

    async fn expel(&self, roster: &StoredKey, expulsion: &Expulsion) -> Result<()> {
        if let Some(roster) = self.rosters.lock().get_mut(roster) {
            roster.expel(expulsion);
        }
        Ok(())
    }
}
