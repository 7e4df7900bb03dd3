//! `Limits`: the limits of a limiter, decided on the backend, and in this process while the backend fails.

use std::sync::Arc;

use super::decision::{Decision, LimitDecision};
use super::limit::{Checked, config};
use super::local::Local;
use crate::backend::{RateMode, RateRequest, RateVerdict};
use crate::engine::Engine;
use crate::error::Result;
use crate::key::{Segment, StoredKey};
use crate::store::Call;

/// The limits of a limiter, and where they are counted.
pub(super) struct Limits {
    pub(super) engine: Arc<Engine>,
    pub(super) list: Vec<Checked>,
    pub(super) local: Local,
    pub(super) hash_subjects: bool,
}

impl Limits {
    /// The place of the limit `name` in the list.
    pub(super) fn place(&self, name: &str) -> Result<usize> {
        let found = self.list.iter().position(|limit| &*limit.name == name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.list.iter().map(|limit| &*limit.name).collect();
            config(format!("there is no limit {name:?}: expected one of {names:?}"))
        })
    }

    pub(super) fn key(&self, place: usize, subject: &Segment) -> StoredKey {
        let prefix = self.list[place].prefix.clone();
        let key = if self.hash_subjects { prefix.hash(subject) } else { prefix.part(subject) };
        self.engine.namespace().rate(&key.build())
    }

    pub(super) async fn decide(&self, checks: &[(usize, StoredKey)], cost: u64, mode: RateMode) -> Decision {
        if checks.is_empty() {
            return Decision::new(false, Vec::new());
        }
        match self.admit(&self.requests(checks, cost, false), mode).await {
            Ok(verdicts) => {
                self.local.deactivate();
                self.decision(false, checks, verdicts)
            }
            Err(error) => {
                let verdicts = self.local.admit(&error, &self.requests(checks, cost, true), mode);
                // `Local` refuses only too many or repeated keys, and a question has neither.
                self.decision(true, checks, verdicts.unwrap_or_default())
            }
        }
    }

    fn requests<'a>(
        &'a self,
        checks: &'a [(usize, StoredKey)],
        cost: u64,
        is_local: bool,
    ) -> Vec<RateRequest<'a>> {
        let request = |(place, key): &'a (usize, StoredKey)| {
            let limit = &self.list[*place];
            RateRequest { key, rule: if is_local { &limit.local_rule } else { &limit.rule }, cost }
        };
        checks.iter().map(request).collect()
    }

    fn decision(
        &self,
        degraded: bool,
        checks: &[(usize, StoredKey)],
        verdicts: Vec<RateVerdict>,
    ) -> Decision {
        let verdicts = checks.iter().zip(verdicts);
        let limits = verdicts.map(|((place, _), verdict)| LimitDecision::new(&self.list[*place], verdict));
        Decision::new(degraded, limits.collect())
    }

    /// Counts a decision in the statistics.
    pub(super) fn record(&self, checks: &[(usize, StoredKey)], decision: &Decision) {
        for ((place, _), limit) in checks.iter().zip(&decision.limits) {
            let counts = &self.list[*place].counts;
            counts.record(decision.allowed, limit.allowed, decision.degraded);
        }
    }

    /// Forgets the counts of keys, here and on the backend.
    pub(super) async fn reset(&self, keys: &[StoredKey]) -> Result<()> {
        self.local.forget(keys);
        self.call()?.forget_rates(keys).await
    }

    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.call()?.admit(requests, mode).await
    }

    /// One operation on the backend, with the timeout of the default region.
    fn call(&self) -> Result<Call<'_>> {
        // The worker probes a failed backend, which ends the outage.
        self.engine.ensure_worker();
        self.engine.call()
    }
}
