//! The auditor: samples live entries, loads them from the source, and repairs those that differ.
//!
//! Each entry is compared under a lease that is taken over the live value ([`Engine::try_link`]): readers go on being
//! served, and whoever evicts or writes meanwhile takes the lease away, so that the auditor then neither judges nor
//! stores. A value that is loaded inside the lease is as good as that of any other load.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use rand::seq::SliceRandom;
use tokio::task::JoinHandle;

use super::update::Linked;
use super::{Ask, Engine, Lookup, Target, Ticket, ToStore, TypeOf};
use crate::backend::ScanCursor;
use crate::clock::{self, as_millis};
use crate::entry::Entry;
use crate::error::Result;
use crate::key::{Key, Pattern, StoredKey};
use crate::policy::{Policy, Resolved};
use crate::region::Region;
use crate::tracker::{Aged, AuditFindings, Count};

/// How many pages of names one round looks at; the next goes on where it ended.
const MAX_PAGES: usize = 20;
/// How many names a backend is asked for at once.
const PAGE: usize = 500;
/// How many entries are read for one that is wanted, at most: those of other regions and types are among them.
const READ_PER_WANTED: usize = 20;
/// How many entries are read at once; their payloads come with them.
const READ_BATCH: usize = 50;

/// What the source has under a key, encoded.
#[derive(Debug)]
pub(crate) struct Sourced {
    pub(crate) payload: Bytes,
    /// Whether it decodes to the same value.
    pub(crate) is_kept: bool,
}

/// What the source says of a key; `None` where it has nothing.
pub(crate) type Loaded = std::result::Result<Option<Sourced>, Box<dyn std::error::Error + Send + Sync>>;
type Loading = Pin<Box<dyn Future<Output = Loaded> + Send>>;

/// What is audited, and how.
pub(crate) struct Auditor {
    pub(crate) region: Arc<Region>,
    pub(crate) type_of: TypeOf,
    pub(crate) pattern: Pattern,
    pub(crate) sample: usize,
    pub(crate) every: Duration,
    /// Differences are evicted and never replaced.
    pub(crate) only_evicts: bool,
    pub(crate) load: Box<dyn Fn(Key) -> Loading + Send + Sync>,
    /// Whether two payloads that differ stand for one value.
    pub(crate) same: fn(&[u8], &[u8]) -> bool,
    /// Where the last round's scan ended.
    pub(crate) cursor: Mutex<Option<ScanCursor>>,
}

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor")
            .field("region", &self.region.name)
            .field("sample", &self.sample)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// The auditors of a cache, each with the task that runs its schedule. The engine owns the tasks and aborts them when
/// it is dropped.
#[derive(Debug, Default)]
pub(super) struct Auditors {
    all: Mutex<Vec<(Arc<Auditor>, JoinHandle<()>)>>,
}

impl Auditors {
    pub(super) fn add(&self, auditor: Arc<Auditor>, schedule: JoinHandle<()>) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push((auditor, schedule));
    }

    pub(super) fn all(&self) -> Vec<Arc<Auditor>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(auditor, _)| auditor.clone()).collect()
    }
}

impl Drop for Auditors {
    fn drop(&mut self) {
        let all = self.all.get_mut().unwrap_or_else(PoisonError::into_inner);
        all.drain(..).for_each(|(_, schedule)| schedule.abort());
    }
}

/// Audits at every interval. Holds the engine only for one entry at a time.
pub(super) async fn run(engine: Weak<Engine>, auditor: Arc<Auditor>) {
    loop {
        // Spread, so that processes that started together do not audit in step.
        clock::sleep(auditor.every.mul_f64(0.9 + rand::random::<f64>() / 5.0)).await;
        if let Err(error) = auditor.round(&engine).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(region = %auditor.region.name, error, "an audit was cut short");
        }
    }
}

/// How one entry came out.
enum Verdict {
    /// The source says the same.
    Same,
    /// It was changed, evicted or loaded by somebody else meanwhile, or has ended by itself.
    Disturbed,
    /// The source could not be asked.
    LoadFailed,
    /// The source says something else. The entry was repaired.
    Repaired { age: Duration },
    /// The source says something else, and the entry could not be repaired; it falls when the backend is back.
    Unrepaired { age: Duration },
}

impl Auditor {
    /// Audits a sample. An error ends the round early; what was found until then is in the counters.
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

    /// The names on some pages of a scan that goes on from round to round, so that in time all are seen.
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

    /// Compares one entry with the source. Fails when the backend does.
    async fn examine(&self, engine: &Arc<Engine>, key: Key, stored: &StoredKey) -> Result<Verdict> {
        let lookup = self.lookup(engine, &key);
        if lookup.undelivered.is_of_key() {
            return Ok(Verdict::Disturbed);
        }
        let (entry, ticket) = match engine.try_link(&lookup).await? {
            Linked::Mine(Some(entry), ticket) if entry.is_fresh(clock::now_ms()) => (entry, ticket),
            Linked::Mine(_, ticket) => {
                ticket.release_untouched().await;
                return Ok(Verdict::Disturbed);
            }
            Linked::Others { .. } => return Ok(Verdict::Disturbed),
        };
        // Behind the lease's end there is nothing left to judge.
        let load = engine.loading(vec![stored.clone()], false, caught(|| (self.load)(key.clone())));
        let loaded = match tokio::time::timeout(lookup.policy.lease, load).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => {
                tracing::warn!(region = %self.region.name, key = %stored, %error, "an audit could not load");
                ticket.release_untouched().await;
                return Ok(Verdict::LoadFailed);
            }
            Err(_) => return Ok(Verdict::LoadFailed),
        };
        if self.agree(&entry, loaded.as_ref()) {
            ticket.release_untouched().await;
            return Ok(Verdict::Same);
        }
        let age = Duration::from_millis(clock::now_ms().saturating_sub(entry.created));
        Ok(match self.repair(engine, key, &lookup, &entry, loaded, ticket).await? {
            Some(true) => Verdict::Repaired { age },
            Some(false) => Verdict::Unrepaired { age },
            None => Verdict::Disturbed,
        })
    }

    /// A read that takes what the region holds, and waits for nobody.
    fn lookup(&self, engine: &Engine, key: &Key) -> Lookup {
        let policies = [&Policy::UNSET, &Policy::UNSET];
        let ask = Ask { region: &self.region.name, key, tags: &[], policies, type_of: self.type_of };
        let lookup = Lookup::new(engine, &ask);
        // The lifetime of a repaired value is the old one's, which had its jitter.
        let policy = Resolved { jitter: 0.0, ..lookup.policy };
        // No tag is declared, so that each of the entry's own is looked up.
        Lookup { takes_none: true, policy, tags: Vec::new(), tag_keys: Vec::new(), ..lookup }
    }

    fn agree(&self, entry: &Entry, loaded: Option<&Sourced>) -> bool {
        match loaded {
            None => entry.none,
            Some(Sourced { payload: loaded, .. }) => {
                !entry.none && (*loaded == entry.payload || (self.same)(&entry.payload, loaded))
            }
        }
    }

    /// Replaces or evicts an entry that differs. `None` if something happened to it since the lease: then nobody can
    /// say that it differed.
    async fn repair(
        &self,
        engine: &Arc<Engine>,
        key: Key,
        lookup: &Lookup,
        entry: &Entry,
        loaded: Option<Sourced>,
        ticket: Box<Ticket>,
    ) -> Result<Option<bool>> {
        // Which tags and which version the loaded value has only its function knows.
        let replaceable =
            !self.only_evicts && !entry.none && entry.tags.is_empty() && entry.version.is_none();
        let fits = |loaded: &Sourced| loaded.is_kept && loaded.payload.len() <= engine.limits.value_bytes;
        if let Some(Sourced { payload, .. }) = loaded.filter(|loaded| replaceable && fits(loaded)) {
            let (ttl, stale) = self.lifetime(engine, lookup, entry).await?;
            let value = ToStore::Value { payload, ttl, stale, version: None };
            return Ok(ticket.store_if_untouched(value).await.then_some(true));
        }
        if !ticket.release_untouched().await {
            return Ok(None);
        }
        let mut eviction = engine.eviction(&self.region, &lookup.policy);
        eviction.add(Target::Key(key));
        Ok(Some(eviction.run().await.is_ok()))
    }

    /// What is left of the entry's lifetime, fresh and stale.
    async fn lifetime(
        &self,
        engine: &Engine,
        lookup: &Lookup,
        entry: &Entry,
    ) -> Result<(Duration, Duration)> {
        let left = lookup.call(&engine.store)?.ttl(&lookup.key).await?.unwrap_or_default();
        let fresh = Duration::from_millis(entry.fresh_until.saturating_sub(clock::now_ms()));
        Ok((fresh, left.saturating_sub(fresh)))
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

/// Runs a loader. One that panics has failed, and the schedule goes on.
async fn caught(load: impl FnOnce() -> Loading) -> Loaded {
    let panicked = || Err("the loader panicked".into());
    let Ok(mut loading) = catch_unwind(AssertUnwindSafe(load)) else { return panicked() };
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| loading.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(panicked()))
    })
    .await
}

impl Engine {
    /// Starts the schedule of `auditor` on the current runtime. Returns whether there is one.
    pub(crate) fn add_auditor(self: &Arc<Self>, auditor: Auditor) -> bool {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
        let auditor = Arc::new(auditor);
        let schedule = runtime.spawn(run(Arc::downgrade(self), auditor.clone()));
        self.auditors.add(auditor, schedule);
        true
    }

    /// All auditors.
    pub(crate) fn auditors(&self) -> Vec<Arc<Auditor>> {
        self.auditors.all()
    }
}
