//! `Rosters`: which processes may be serving what they keep in a near cache.

use async_trait::async_trait;

use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::near::{Announced, Announcement, Expulsion, RenewRequest, Renewed};

/// Rosters of near caches: one for each namespace, under a name of its own.
///
/// [`Roster`](crate::backend::state::near::Roster) is their state machine. A roster that was lost begins anew under a
/// token of the caller, and counts as incomplete until a caller reports that all rights from before have ended; a store
/// that can lose nothing without the members may begin with a complete one.
#[async_trait]
pub trait Rosters: Send + Sync {
    /// Renews the right of a process to serve what it keeps, or makes it a member.
    async fn renew_right(&self, roster: &StoredKey, request: &RenewRequest) -> Result<Renewed>;

    /// Numbers an announcement and publishes it to the subscribers of the topic named `roster`
    /// ([`Topics`](super::Topics)), as one step: messages arrive in the order of their numbers, or are lost.
    /// [`Position::split`](crate::backend::state::near::Position::split) reads what is published.
    ///
    /// Returns `None`, and changes and publishes nothing, if no process can be a member. Without a roster that is so
    /// unless the caller expects one, or the topic has subscribers.
    async fn announce(
        &self,
        roster: &StoredKey,
        announcement: &Announcement<'_>,
    ) -> Result<Option<Announced>>;

    /// Removes members whose rights were waited for, and those that leave.
    async fn expel(&self, roster: &StoredKey, expulsion: &Expulsion) -> Result<()>;
}
