//! `RedisBackend` on a real server: what is Redis' own, beside the conformance suite.

mod config;
mod faults;
mod foreign;
mod layout;
mod limits;
mod notifications;
mod restart;

use std::time::{Duration, Instant};

use jollycache::backend::{Backend, Codec, Draft, Fingerprint, Lease, LeaseRequest, RegionId, Token};
use jollycache::key::StoredKey;
use jollycache::{Error, RedisBackend};

const LONG: Duration = Duration::from_mins(10);
const REGION: RegionId = RegionId(0x0102_0304);

fn key(name: &str) -> StoredKey {
    StoredKey::found(&format!("test:{name}"))
}

/// The value after `change`.
fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

fn draft(text: &str) -> Draft {
    let payload = bytes::Bytes::copy_from_slice(text.as_bytes());
    let draft = Draft::new(REGION, Codec::Json, Fingerprint(9), LONG, payload);
    with(draft, |draft| (draft.schema, draft.cost_us) = (1, 1))
}

fn stale_draft(text: &str) -> Draft {
    with(draft(text), |draft| (draft.ttl, draft.stale) = (Duration::ZERO, LONG))
}

fn request(key: &StoredKey, token: Token) -> LeaseRequest<'_> {
    LeaseRequest::new(key, REGION, token, LONG)
}

/// Storing whatever is there, as `Cache::put` does.
trait Store {
    async fn store(&self, key: &StoredKey, draft: &Draft) -> Result<bool, Error>;
}

impl Store for RedisBackend {
    async fn store(&self, key: &StoredKey, draft: &Draft) -> Result<bool, Error> {
        let Some(token) = self.take_lease(key, draft.region, Token::random(), LONG / 10).await? else {
            return Ok(false);
        };
        Ok(self.fill(key, token, draft, &[]).await?.stored)
    }
}

async fn text(backend: &RedisBackend, key: &StoredKey) -> Option<String> {
    let entry = backend.read(key, &[]).await.unwrap().entry?;
    Some(String::from_utf8(entry.payload.to_vec()).unwrap())
}

async fn leased(backend: &RedisBackend, key: &StoredKey) -> Token {
    let token = Token::random();
    let lease = backend.lease(request(key, token)).await.unwrap();
    assert!(matches!(lease, Lease::Leased { .. }), "{lease:?}");
    token
}

async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let start = now();
    (future.await, start.elapsed())
}

#[allow(clippy::disallowed_methods, reason = "the test measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// Repeats `attempt` until it succeeds, and returns how long that took.
async fn until_ok<T>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Duration {
    let start = now();
    loop {
        match attempt().await {
            Ok(_) => return start.elapsed(),
            Err(error) => assert!(start.elapsed() < Duration::from_secs(10), "{what}: still {error}"),
        }
        pause().await;
    }
}

/// Repeats `check` until it holds.
async fn until(what: &str, mut check: impl FnMut() -> bool) {
    let start = now();
    while !check() {
        assert!(start.elapsed() < Duration::from_secs(10), "not within 10 s: {what}");
        pause().await;
    }
}

#[allow(clippy::disallowed_methods, reason = "between two looks at what cannot be awaited")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}
