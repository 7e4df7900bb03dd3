//! `HeldLease`: a lease has an owner from before it is requested until it is gone.

use std::sync::Arc;

use super::lookup::Lookup;
use super::reader::Reader;
use crate::backend::{Filled, Lease, LeaseMode, LeaseRequest};
use crate::engine::Engine;
use crate::engine::worker::Job;
use crate::entry::{Draft, Entry, TagStamp, Token};
use crate::error::Result;
use crate::key::StoredKey;

/// The right to load and store.
#[derive(Debug)]
pub(super) struct LoadLease {
    pub(super) held: HeldLease,
    pub(super) stale: Option<Entry>,
    pub(super) stamps: Vec<TagStamp>,
}

/// A lease that is requested, or held.
///
/// # Cancel safety
/// Dropped while the backend may hold the lease (its caller was cancelled, an answer did not come, a fill was refused
/// by a full server), it has the worker release it: else every other caller would wait for a load that does not run.
/// The release follows the request on the connection for writes. Where that connection was replaced in between, a
/// request that is delivered late may still install a lease; it ends by itself.
#[derive(Debug)]
pub(super) struct HeldLease {
    engine: Arc<Engine>,
    key: StoredKey,
    token: Token,
    may_be_held: bool,
}

impl HeldLease {
    /// A lease that is not requested yet.
    pub(super) fn new(reader: Reader<'_>) -> Self {
        HeldLease {
            engine: reader.engine.clone(),
            key: reader.lookup.key.clone(),
            token: Token::random(),
            may_be_held: false,
        }
    }

    /// Requests the lease, once.
    pub(super) async fn request(
        &mut self,
        lookup: &Lookup,
        live_tags: &[TagStamp],
        mode: LeaseMode,
    ) -> Result<Lease> {
        let HeldLease { engine, key, token, may_be_held } = self;
        let (region, ttl) = (lookup.region.id, lookup.policy.lease);
        let request = LeaseRequest { key, region, token: *token, ttl, live_tags, mode };
        let call = lookup.call(&engine.store)?;
        // Before the call: where its answer is lost, the lease may be granted all the same.
        *may_be_held = true;
        let answer = call.lease(request).await?;
        self.may_be_held = matches!(answer, Lease::Leased { .. });
        Ok(answer)
    }

    /// Stores `draft` under the lease, which is gone after any answer.
    pub(super) async fn fill(mut self, lookup: &Lookup, draft: &Draft) -> Result<Filled> {
        let call = lookup.call(&self.engine.store)?;
        let filled = call.fill(&self.key, self.token, draft, &lookup.tag_keys).await?;
        self.may_be_held = false;
        Ok(filled)
    }

    /// Releases the lease. Returns whether it was still held.
    pub(super) async fn release(mut self, lookup: &Lookup) -> Result<bool> {
        let was_held = lookup.call(&self.engine.store)?.release(&self.key, self.token).await?;
        self.may_be_held = false;
        Ok(was_held)
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        if self.may_be_held {
            self.engine.worker.push(Job::Release { key: self.key.clone(), token: self.token });
        }
    }
}
