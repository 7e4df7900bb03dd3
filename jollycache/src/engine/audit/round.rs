//! One round: a sample of live entries is taken and examined, and the findings are counted.

use std::collections::HashSet;
use std::sync::{PoisonError, Weak};

use rand::seq::SliceRandom;

use super::auditor::Auditor;
use super::examine::Verdict;
use crate::clock::{self, as_millis};
use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::Result;
use crate::key::{Key, StoredKey};
use crate::tracker::{Aged, AuditFindings, Count};

/// How many pages of names one round looks at; the next goes on where it ended.
const MAX_PAGES: usize = 20;
/// How many names a backend is asked for at once.
const PAGE: usize = 500;
/// How many entries are read for one that is wanted, at most: those of other regions and types are among them.
const READ_PER_WANTED: usize = 20;
/// How many entries are read at once; their payloads come with them.
const READ_BATCH: usize = 50;

impl Auditor {
    /// Audits a sample. An error ends the round early; the findings until then are in the counters.
    pub(crate) async fn round(&self, engine: &Weak<Engine>) -> Result<AuditFindings> {
        let mut findings = AuditFindings::default();
        let Some(alive) = engine.upgrade() else { return Ok(findings) };
        let sample = self.sample(&alive, &mut findings).await?;
        self.region.tracker.add(Count::AuditSkipped, findings.skipped);
        drop(alive);
        for (key, stored) in sample {
            let Some(engine) = engine.upgrade() else { break };
            let verdict = self.examine(&engine, key, &stored).await?;
            self.note(&mut findings, &stored, &verdict);
        }
        tracing::debug!(target: "jollycache", region = %self.region.name, ?findings, "cache audit");
        Ok(findings)
    }

    /// Random live entries of the region that are of the audited type.
    async fn sample(&self, engine: &Engine, findings: &mut AuditFindings) -> Result<Vec<(Key, StoredKey)>> {
        let mut names = self.names(engine).await?;
        let most = self.sample.saturating_mul(READ_PER_WANTED);
        let (candidates, _) = names.partial_shuffle(&mut rand::rng(), most);
        let policy = self.region.resolve_default();
        let mut chosen = Vec::with_capacity(self.sample);
        for batch in candidates.chunks(READ_BATCH) {
            let call = engine.store.call(&self.region, policy.timeout)?;
            let (entries, _) = call.read_many(batch, &[]).await?;
            for (stored, entry) in batch.iter().zip(entries) {
                let Some(entry) = entry.filter(|entry| self.is_live(entry)) else { continue };
                if chosen.len() == self.sample {
                    return Ok(chosen);
                }
                match engine.namespace().key_of(stored.as_str()).and_then(Key::found) {
                    Some(key) if self.is_audited(&entry) => chosen.push((key, stored.clone())),
                    _ => findings.skipped += 1,
                }
            }
        }
        Ok(chosen)
    }

    /// The names on some pages of a scan that goes on from round to round, so that in time all are observed.
    async fn names(&self, engine: &Engine) -> Result<Vec<StoredKey>> {
        let glob = engine.namespace().pattern(&self.pattern);
        let policy = self.region.resolve_default();
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let from_start = cursor.is_none();
        let mut wrapped = false;
        let mut names = HashSet::new();
        for _ in 0..MAX_PAGES {
            let call = engine.store.call(&self.region, policy.timeout)?;
            let page = call.scan(&glob, cursor.take(), PAGE).await?;
            names.extend(page.keys);
            cursor = page.next;
            if cursor.is_none() && (from_start || wrapped) {
                break;
            }
            wrapped |= cursor.is_none();
        }
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        // Reserved names have a page's room, and no entries.
        Ok(names.into_iter().filter(|name| engine.namespace().key_of(name.as_str()).is_some()).collect())
    }

    fn is_live(&self, entry: &Entry) -> bool {
        entry.region == self.region.id && entry.is_fresh(clock::now_ms())
    }

    fn is_audited(&self, entry: &Entry) -> bool {
        entry.codec.is_some()
            && entry.fingerprint == self.type_of.fingerprint
            && entry.schema == self.type_of.schema
    }

    fn note(&self, findings: &mut AuditFindings, stored: &StoredKey, verdict: &Verdict) {
        let tracker = &self.region.tracker;
        match verdict {
            Verdict::Same => {}
            Verdict::Disturbed => {
                findings.disturbed += 1;
                return;
            }
            Verdict::LoadFailed => {
                findings.load_errors += 1;
                tracker.count(Count::AuditLoadError);
                return;
            }
            Verdict::Repaired { age } | Verdict::Unrepaired { age } => {
                tracing::warn!(region = %self.region.name, key = %stored, ?age, "a cached value differed from its source");
                findings.differences += 1;
                findings.oldest_difference_ms = findings.oldest_difference_ms.max(Some(as_millis(*age)));
                tracker.count(Count::Difference);
                tracker.age(Aged::Difference, *age);
            }
        }
        findings.audited += 1;
        tracker.count(Count::Audited);
        if matches!(verdict, Verdict::Repaired { .. }) {
            findings.repaired += 1;
            tracker.count(Count::AuditRepair);
        }
    }
}
