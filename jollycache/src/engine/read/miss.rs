//! What follows a read that found nothing fresh: one caller of the process loads, and the others wait for it.

use std::time::Duration;

use super::found::{Found, Observed};
use super::load_guard::LoadPermission;
use super::reader::Reader;
use crate::clock;
use crate::engine::flight::{FlightKey, FlightResult, Leader, Role, Shared};
use crate::error::{Error, Result};
use crate::key::StoredKey;
use crate::policy::SingleFlight;
use crate::tracker::Count;

/// How often one read starts again before it loads alone: followers whose leader's value was its own, mostly.
const MAX_ROUNDS: usize = 8;

/// How a caller goes on from a miss.
enum Step {
    Done(Found),
    Lead(Option<Leader>),
    /// Load without waiting.
    Alone,
    /// Probe again: what the flight came to says nothing to this caller.
    Again,
}

impl Reader<'_> {
    /// Looks the entry up. Fails only for a lookup that propagates errors.
    pub(crate) async fn find(self) -> Result<Found> {
        if self.lookup.undelivered.is_of_key() {
            return Ok(Box::pin(self.load_directly(LoadPermission::Bypass)).await);
        }
        match self.fetch().await {
            Ok((Some(entry), _)) if entry.is_fresh(clock::now_ms()) => Ok(Found::cached(entry)),
            Ok((stale, tag_ids)) => Box::pin(self.miss(Observed { tag_ids, stale, unreadable: false })).await,
            Err(error) => Box::pin(self.broken(error)).await,
        }
    }

    /// Has the caller load, and replace whatever is there.
    pub(crate) async fn force_refresh(self) -> Result<Found> {
        // Dropping the value first also drops the lease of a load that began before this call.
        let keys = std::slice::from_ref(&self.lookup.key);
        match self.invalidate_at_once(keys).await {
            Ok(_) => Box::pin(self.miss(Observed::default())).await,
            Err(error) => Box::pin(self.broken(error)).await,
        }
    }

    /// Has the caller load, because what [`Reader::find`] gave it does not decode.
    pub(crate) async fn replace_unreadable(self) -> Result<Found> {
        self.lookup.region.tracker.count(Count::UnreadableEntry);
        Box::pin(self.miss(Observed { unreadable: true, ..Observed::default() })).await
    }

    /// Invalidates `keys` on behalf of a read, without a grace.
    pub(super) async fn invalidate_at_once(self, keys: &[StoredKey]) -> Result<u64> {
        self.call()?.invalidate(keys, &[], Duration::ZERO).await
    }

    pub(super) async fn miss(self, mut observed: Observed) -> Result<Found> {
        self.engine.ensure_worker();
        for _ in 0..MAX_ROUNDS {
            match self.join(self.lookup.flight_key(false), &mut observed).await {
                Step::Done(found) => return Ok(found),
                Step::Lead(leader) => return self.lead(leader, observed).await,
                Step::Alone => break,
                Step::Again => match self.fetch().await {
                    Ok((Some(entry), _)) if entry.is_fresh(clock::now_ms()) => {
                        return Ok(Found::cached(entry));
                    }
                    Ok((stale, tag_ids)) => observed = Observed { tag_ids, stale, unreadable: false },
                    Err(error) => return self.broken(error).await,
                },
            }
        }
        Ok(self.load_unleased(None, LoadPermission::Bypass).await)
    }

    /// Takes part in the key's flight: as its leader, or by waiting for it.
    async fn join(self, flight: FlightKey, observed: &mut Observed) -> Step {
        if self.lookup.policy.single_flight == SingleFlight::Off {
            return Step::Lead(None);
        }
        if self.is_reentered() {
            return Step::Alone;
        }
        let now = clock::now();
        let mut follower = match self.engine.flights.join(flight, now, self.lookup.policy.lease) {
            Role::Leader(leader) => return Step::Lead(Some(leader)),
            Role::Crowded => return Step::Alone,
            Role::Follower(follower) => follower,
        };
        if let Some(stale) = observed.stale.take().filter(|stale| self.lookup.may_serve_stale(stale)) {
            return Step::Done(Found::cached(stale));
        }
        self.lookup.region.tracker.count(Count::FlightJoin);
        let patience = self.lookup.time_left().min(follower.time_left(now));
        match tokio::time::timeout(patience, follower.result()).await {
            Ok(FlightResult::Value(Shared { none, payload })) => Step::Done(Found::Shared { none, payload }),
            Ok(FlightResult::Failed(Some(failure))) => Step::Done(Found::SharedFailure(failure)),
            Ok(FlightResult::Failed(None) | FlightResult::Alone) => Step::Alone,
            Err(_) if self.lookup.time_left().is_zero() => Step::Alone,
            // The leader is gone, or its lease is over: what it may still load cannot be shared.
            Ok(FlightResult::Retry) | Err(_) => Step::Again,
        }
    }

    /// The backend failed a read: the load runs all the same.
    pub(super) async fn broken(self, error: Error) -> Result<Found> {
        if self.lookup.propagates {
            return Err(error);
        }
        Ok(self.load_directly(LoadPermission::Broken).await)
    }

    /// Loads past the backend, one caller of the process after another, each for all that wait for it.
    pub(super) async fn load_directly(self, permission: LoadPermission) -> Found {
        self.lookup.region.tracker.count(Count::Bypass);
        self.engine.ensure_worker();
        let mut observed = Observed::default();
        for _ in 0..MAX_ROUNDS {
            match self.join(self.lookup.flight_key(true), &mut observed).await {
                Step::Done(found) => return found,
                Step::Lead(leader) => return self.load_unleased(leader, permission).await,
                Step::Alone => break,
                Step::Again => {}
            }
        }
        self.load_unleased(None, permission).await
    }
}
