//! `FaultyBackend`: a store whose operations can be made to fail, or never to answer, by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jollycache::backend::{
    Backend, BackendInfo, Counters, Draft, Entry, Filled, Inspection, Keyspace, Lease, LeaseRequest,
    Lifetimes, LockAnswer, Locks, RateLimits, RateMode, RateRequest, RateVerdict, Read, RegionId, RunId,
    ScanCursor, ScanPage, Selection, Subscription, Token, Topics, Watch, WriteEnd,
};
use jollycache::key::StoredKey;
use jollycache::{Error, ErrorKind};
use tokio::sync::watch;

use crate::Gate;

type Result<T> = std::result::Result<T, Error>;

/// What is wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not happen, and is never answered.
    Lost,
    /// It happens, and is never answered.
    AnswerLost,
    /// It does not happen, and fails so.
    Fails(ErrorKind),
}

/// Passes operations on to a store, but for those that are faulty. Operations go by their names in [`Backend`].
#[derive(Debug)]
pub struct FaultyBackend {
    inner: Arc<dyn Backend>,
    faults: Mutex<HashMap<&'static str, Fault>>,
    /// Where the next answer of an operation is held back.
    gates: Mutex<HashMap<&'static str, Gate>>,
    /// How often each operation was called.
    calls: watch::Sender<HashMap<&'static str, usize>>,
}

impl FaultyBackend {
    /// Without a fault yet.
    pub fn over(inner: Arc<dyn Backend>) -> Arc<Self> {
        Arc::new(FaultyBackend {
            inner,
            faults: Mutex::default(),
            gates: Mutex::default(),
            calls: watch::Sender::default(),
        })
    }

    /// Makes an operation faulty from now on.
    pub fn fault(&self, operation: &'static str, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, fault);
    }

    /// Mends all faults. What was lost stays so.
    pub fn mend(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Mends one operation.
    pub fn mend_one(&self, operation: &'static str) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).remove(operation);
    }

    /// Holds the next answer of an operation back at the returned gate: it has happened when the gate is reached.
    pub fn hold_next(&self, operation: &'static str) -> Gate {
        let gate = Gate::new();
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, gate.clone());
        gate
    }

    /// How often `operation` was called.
    pub fn calls(&self, operation: &'static str) -> usize {
        self.calls.borrow().get(operation).copied().unwrap_or_default()
    }

    /// Waits until `operation` was called that often.
    pub async fn until_asked(&self, operation: &'static str, times: usize) {
        let enough = |calls: &HashMap<_, usize>| calls.get(operation).is_some_and(|calls| *calls >= times);
        // The sender lives as long as `self`, so there is no other outcome.
        let _ = self.calls.subscribe().wait_for(enough).await;
    }

    async fn pass<T>(&self, operation: &'static str, passed: impl Future<Output = Result<T>>) -> Result<T> {
        self.calls.send_modify(|calls| *calls.entry(operation).or_default() += 1);
        let fault = self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(operation).copied();
        match fault {
            None => {
                let answer = passed.await;
                let gate = self.gates.lock().unwrap_or_else(PoisonError::into_inner).remove(operation);
                if let Some(gate) = gate {
                    gate.pass().await;
                }
                answer
            }
            Some(Fault::Fails(kind)) => Err(Error::new(kind, format!("a faulty {operation}"))),
            Some(Fault::Lost) => std::future::pending().await,
            Some(Fault::AnswerLost) => {
                passed.await?;
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Backend for FaultyBackend {
    fn name(&self) -> &'static str {
        "faulty"
    }

    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read> {
        self.pass("read", self.inner.read(key, tags)).await
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        self.pass("read_many", self.inner.read_many(keys, tags)).await
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        self.pass("tag_ids", self.inner.tag_ids(tags)).await
    }

    async fn extend_tags(&self, tags: &[StoredKey], lifetime: Duration) -> Result<()> {
        self.pass("extend_tags", self.inner.extend_tags(tags, lifetime)).await
    }

    async fn run(&self) -> Result<RunId> {
        self.pass("run", self.inner.run()).await
    }

    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease> {
        self.pass("lease", self.inner.lease(request)).await
    }

    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled> {
        self.pass("fill", self.inner.fill(key, token, draft, tags)).await
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        self.pass("release", self.inner.release(key, token)).await
    }

    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>> {
        self.pass("take_lease", self.inner.take_lease(key, region, token, ttl)).await
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        self.pass("invalidate", self.inner.invalidate(keys, tags, grace)).await
    }

    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        self.pass("rotate_tag", self.inner.rotate_tag(tag, fresh)).await
    }

    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64> {
        self.pass("invalidate_matching", self.inner.invalidate_matching(selection)).await
    }

    async fn begin_write(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<()> {
        self.pass("begin_write", self.inner.begin_write(key, region, token, ttl)).await
    }

    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool> {
        self.pass("end_write", self.inner.end_write(key, token, end)).await
    }

    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()> {
        self.pass("close_tags", self.inner.close_tags(tags, token, ttl)).await
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        self.pass("open_tags", self.inner.open_tags(tags, token, grace)).await
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        self.pass("watch", self.inner.watch(key)).await
    }

    async fn ping(&self) -> Result<()> {
        self.pass("ping", self.inner.ping()).await
    }

    async fn info(&self) -> Result<BackendInfo> {
        self.pass("info", self.inner.info()).await
    }

    fn locks(&self) -> Option<&dyn Locks> {
        self.inner.locks().map(|_| self as _)
    }

    fn counters(&self) -> Option<&dyn Counters> {
        self.inner.counters().map(|_| self as _)
    }

    fn rate_limits(&self) -> Option<&dyn RateLimits> {
        self.inner.rate_limits().map(|_| self as _)
    }

    fn topics(&self) -> Option<&dyn Topics> {
        self.inner.topics().map(|_| self as _)
    }

    fn lifetimes(&self) -> Option<&dyn Lifetimes> {
        self.inner.lifetimes().map(|_| self as _)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        self.inner.keyspace().map(|_| self as _)
    }
}

/// The capability that the store under this one has; this one declares it only then.
fn of<C: ?Sized>(capability: Option<&C>) -> &C {
    capability.expect("the capability is declared")
}

#[async_trait]
impl Locks for FaultyBackend {
    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer> {
        self.pass("lock", of(self.inner.locks()).lock(lock, token, ttl)).await
    }

    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool> {
        self.pass("extend_lock", of(self.inner.locks()).extend_lock(lock, token, ttl)).await
    }

    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool> {
        self.pass("unlock", of(self.inner.locks()).unlock(lock, token)).await
    }
}

#[async_trait]
impl Counters for FaultyBackend {
    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.pass("add", of(self.inner.counters()).add(counter, delta, ttl)).await
    }
}

#[async_trait]
impl RateLimits for FaultyBackend {
    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.pass("admit", of(self.inner.rate_limits()).admit(requests, mode)).await
    }

    async fn forget_rates(&self, keys: &[StoredKey]) -> Result<()> {
        self.pass("forget_rates", of(self.inner.rate_limits()).forget_rates(keys)).await
    }
}

#[async_trait]
impl Topics for FaultyBackend {
    async fn publish(&self, topic: &StoredKey, message: Bytes) -> Result<()> {
        self.pass("publish", of(self.inner.topics()).publish(topic, message)).await
    }

    async fn subscribe(&self, topic: &StoredKey) -> Result<Subscription> {
        self.pass("subscribe", of(self.inner.topics()).subscribe(topic)).await
    }
}

#[async_trait]
impl Lifetimes for FaultyBackend {
    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>> {
        self.pass("ttl", of(self.inner.lifetimes()).ttl(key)).await
    }

    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        self.pass("expire", of(self.inner.lifetimes()).expire(key, ttl)).await
    }
}

#[async_trait]
impl Keyspace for FaultyBackend {
    async fn inspect(&self, key: &StoredKey) -> Result<Inspection> {
        self.pass("inspect", of(self.inner.keyspace()).inspect(key)).await
    }

    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage> {
        self.pass("scan", of(self.inner.keyspace()).scan(glob, cursor, page_size)).await
    }

    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()> {
        self.pass("delete_raw", of(self.inner.keyspace()).delete_raw(names)).await
    }
}
