//! `Trial`: a backend under test, and shorthands for what cases do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::backend::{
    Backend, Counters, Keyspace, Lease, LeaseRequest, Lifetimes, Locks, RateLimits, Rosters, Topics, Watch,
};
use crate::entry::{Codec, Draft, Entry, Fingerprint, RegionId, TagStamp, Token};
use crate::key::StoredKey;

/// The region of keys in cases that are not about regions.
pub(super) const REGION: RegionId = RegionId(7);
/// Longer than any case runs.
pub(super) const LONG: Duration = Duration::from_secs(10 * 60);
/// Longer than a case waits for, and shorter than values live.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// Short enough to wait for.
pub(super) const SHORT: Duration = Duration::from_millis(60);
/// How long something that must happen may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A backend, and names that no other trial uses.
#[derive(Clone)]
pub(super) struct Trial {
    pub(super) backend: Arc<dyn Backend>,
    namespace: Arc<str>,
}

impl Trial {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        let namespace = format!("conformance-{:032x}", u128::from_be_bytes(Token::random().0));
        Trial { backend, namespace: namespace.into() }
    }

    pub(super) fn locks(&self) -> &dyn Locks {
        self.backend.locks().expect("locks, which the case declares")
    }

    pub(super) fn counters(&self) -> &dyn Counters {
        self.backend.counters().expect("counters, which the case declares")
    }

    pub(super) fn rate_limits(&self) -> &dyn RateLimits {
        self.backend.rate_limits().expect("rate limits, which the case declares")
    }

    pub(super) fn topics(&self) -> &dyn Topics {
        self.backend.topics().expect("topics, which the case declares")
    }

    pub(super) fn lifetimes(&self) -> &dyn Lifetimes {
        self.backend.lifetimes().expect("lifetimes, which the case declares")
    }

    pub(super) fn keyspace(&self) -> &dyn Keyspace {
        self.backend.keyspace().expect("a keyspace, which the case declares")
    }

    pub(super) fn rosters(&self) -> &dyn Rosters {
        self.backend.rosters().expect("rosters, which the case declares")
    }

    /// A name of this trial.
    pub(super) fn key(&self, name: &str) -> StoredKey {
        StoredKey::found(&format!("{}:{name}", self.namespace))
    }

    pub(super) fn tag(&self, name: &str) -> StoredKey {
        self.key(&format!("#tag:{name}"))
    }

    pub(super) fn glob(&self, glob: &str) -> String {
        format!("{}:{glob}", self.namespace)
    }

    pub(super) async fn read(&self, key: &StoredKey) -> Option<Entry> {
        self.backend.read(key, &[]).await.expect("a read").entry
    }

    /// What a read finds, as text.
    pub(super) async fn text(&self, key: &StoredKey) -> Option<String> {
        let entry = self.read(key).await?;
        Some(String::from_utf8_lossy(&entry.payload).into_owned())
    }

    pub(super) async fn tag_id(&self, tag: &StoredKey) -> Token {
        self.backend.tag_ids(std::slice::from_ref(tag)).await.expect("tag ids")[0]
    }

    pub(super) async fn lease(&self, key: &StoredKey, token: Token) -> Lease {
        self.ask(&request(key, token)).await
    }

    pub(super) async fn ask(&self, request: &LeaseRequest<'_>) -> Lease {
        self.backend.lease(request.clone()).await.expect("an answer to a lease request")
    }

    /// Takes the lease on a key without a value.
    pub(super) async fn leased(&self, key: &StoredKey) -> Token {
        let token = Token::random();
        assert_eq!(self.lease(key, token).await, Lease::Leased { stale: None });
        token
    }

    pub(super) async fn fill(&self, key: &StoredKey, token: Token, text: &str) -> bool {
        self.backend.fill(key, token, &draft(text), &[]).await.expect("a fill").stored
    }

    /// Takes the lease on a key, whatever is there.
    pub(super) async fn taken(&self, key: &StoredKey) -> Option<Token> {
        self.backend.take_lease(key, REGION, Token::random(), LEASE).await.expect("a lease")
    }

    /// Stores a draft whatever is there. Returns whether nothing stood against it.
    pub(super) async fn try_store(&self, key: &StoredKey, draft: &Draft) -> bool {
        let Some(token) = self.taken(key).await else { return false };
        self.backend.fill(key, token, draft, &[]).await.expect("a fill").stored
    }

    pub(super) async fn store(&self, key: &StoredKey, draft: &Draft) {
        assert!(self.try_store(key, draft).await, "nothing stands against this store");
    }

    pub(super) async fn invalidate(&self, key: &StoredKey) -> u64 {
        self.backend
            .invalidate(std::slice::from_ref(key), &[], Duration::ZERO)
            .await
            .expect("an invalidation")
    }

    pub(super) async fn release(&self, key: &StoredKey, token: Token) -> bool {
        self.backend.release(key, token).await.expect("a release")
    }

    pub(super) async fn watch(&self, key: &StoredKey) -> Watch {
        self.backend.watch(key).await.expect("a watch")
    }
}

pub(super) fn request(key: &StoredKey, token: Token) -> LeaseRequest<'_> {
    LeaseRequest {
        key,
        region: REGION,
        token,
        ttl: LONG,
        live_tags: &[],
        mode: crate::backend::LeaseMode::Load,
    }
}

/// A draft that is fresh for longer than any case runs, and has no stale window.
pub(super) fn draft(text: &str) -> Draft {
    Draft {
        region: REGION,
        none: false,
        codec: Codec::Json,
        schema: 3,
        fingerprint: Fingerprint(0x0123_4567_89AB_CDEF),
        version: None,
        cost_us: 1_500_000,
        tags: Vec::new(),
        ttl: LONG,
        stale: Duration::ZERO,
        payload: Bytes::copy_from_slice(text.as_bytes()),
    }
}

/// A draft that is stale at once.
pub(super) fn stale_draft(text: &str) -> Draft {
    Draft { ttl: Duration::ZERO, stale: LONG, ..draft(text) }
}

pub(super) fn stamp(name: &str, id: Token) -> TagStamp {
    TagStamp { name: name.into(), id }
}

/// Waits for what only time brings about: the end of a short lifetime.
macro_rules! eventually {
    ($what:literal, $holds:expr) => {
        $crate::test_util::conformance::trial::soon($what, async {
            while !$holds {
                $crate::clock::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await
    };
}
pub(super) use eventually;

/// Waits for what must come.
pub(super) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, future).await;
    outcome.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}
