//! Versions: an older one than what was stored, or evicted lately, is refused.

use std::time::Duration;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, request, stale_draft};
use crate::backend::{Lease, LeaseRequest, WriteEnd};
use crate::entry::{Draft, Token, Version};
use crate::key::StoredKey;

/// In order, and where numbers lose digits: at the ends, around zero, around 2^31, 2^32 and 2^53.
const VERSIONS: [i64; 14] = [
    i64::MIN,
    i64::MIN + 1,
    -(1 << 53) - 1,
    -(1 << 53),
    -1,
    0,
    1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 53,
    (1 << 53) + 1,
    i64::MAX - 1,
    i64::MAX,
];

fn versioned(version: i64) -> Draft {
    Draft { version: Some(Version::from(version)), ..draft(&version.to_string()) }
}

/// As text: what a read finds.
fn text(version: i64) -> String {
    version.to_string()
}

async fn store(trial: &Trial, key: &StoredKey, draft: &Draft) -> bool {
    trial.try_store(key, draft).await
}

async fn fill(trial: &Trial, key: &StoredKey, token: Token, draft: &Draft) -> bool {
    trial.backend.fill(key, token, draft, &[]).await.expect("a fill").stored
}

async fn begin(trial: &Trial, key: &StoredKey, ttl: Duration) -> Token {
    let token = Token::random();
    trial.backend.begin_write(key, REGION, token, ttl).await.expect("an intent");
    token
}

async fn put(trial: &Trial, key: &StoredKey, draft: &Draft) -> bool {
    let token = begin(trial, key, LONG).await;
    trial.backend.end_write(key, token, WriteEnd::Put(draft)).await.expect("an end")
}

/// Leases and fills a key without a value.
async fn load(trial: &Trial, key: &StoredKey, draft: &Draft) -> bool {
    let token = trial.leased(key).await;
    fill(trial, key, token, draft).await
}

/// A key whose value of version 5 was evicted.
async fn evicted(trial: &Trial, name: &str) -> StoredKey {
    let key = trial.key(name);
    trial.store(&key, &versioned(5)).await;
    assert_eq!(trial.invalidate(&key).await, 1);
    assert_eq!(trial.read(&key).await, None);
    key
}

/// That the key refuses what is below version 5, and takes it.
async fn assert_floor(trial: &Trial, key: &StoredKey) {
    assert!(!load(trial, key, &versioned(4)).await, "an older load");
    assert!(!store(trial, key, &versioned(4)).await, "an older store");
    assert!(!put(trial, key, &versioned(4)).await, "an older put");
    assert!(!load(trial, key, &versioned(4)).await, "after all that, still");
    assert!(load(trial, key, &versioned(5)).await, "the same version");
    assert_eq!(trial.text(key).await, Some(text(5)));
}

pub(super) async fn a_version_reads_back(trial: Trial) {
    for version in VERSIONS {
        let key = trial.key(&version.to_string());
        trial.store(&key, &versioned(version)).await;
        assert_eq!(trial.read(&key).await.expect("the entry").version, Some(Version::from(version)));
    }
}

pub(super) async fn versions_compare_as_the_numbers_do(trial: Trial) {
    for (place, stored) in VERSIONS.into_iter().enumerate() {
        for (other_place, offered) in VERSIONS.into_iter().enumerate() {
            let key = trial.key(&format!("{stored},{offered}"));
            trial.store(&key, &versioned(stored)).await;
            let taken = store(&trial, &key, &versioned(offered)).await;
            assert_eq!(taken, other_place >= place, "{offered} over {stored}");
            assert_eq!(trial.text(&key).await, Some(text(if taken { offered } else { stored })));
        }
    }
}

pub(super) async fn an_older_store_leaves_what_is_there(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &versioned(5)).await;
    assert!(!store(&trial, &key, &versioned(4)).await);
    assert_eq!(trial.text(&key).await, Some(text(5)));
    for newer in [5, 6] {
        assert!(store(&trial, &key, &versioned(newer)).await);
        assert_eq!(trial.text(&key).await, Some(text(newer)));
    }
}

pub(super) async fn an_older_put_leaves_nothing(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &versioned(5)).await;
    assert!(!put(&trial, &key, &versioned(4)).await);
    assert_eq!(trial.read(&key).await, None, "what was there may be older than what was written");
    assert!(put(&trial, &key, &versioned(5)).await, "the intent did not forget");
    assert!(put(&trial, &key, &versioned(6)).await);
    assert_eq!(trial.text(&key).await, Some(text(6)));
}

pub(super) async fn an_older_fill_is_refused_and_its_lease_dropped(trial: Trial) {
    let key = evicted(&trial, "a").await;
    let token = trial.leased(&key).await;
    assert!(!fill(&trial, &key, token, &versioned(4)).await);
    assert!(!trial.release(&key, token).await, "the lease is gone");
    assert!(!fill(&trial, &key, token, &versioned(6)).await);
    assert!(load(&trial, &key, &versioned(6)).await, "the next one loads at once");
}

pub(super) async fn an_older_fill_over_a_stale_value_leaves_it(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    let stale = Draft { version: Some(Version::from(5)), ..stale_draft("5") };
    trial.store(&key, &stale).await;
    let old = trial.read(&key).await;
    trial.lease(&key, token).await;
    assert!(!fill(&trial, &key, token, &versioned(4)).await);
    assert_eq!(trial.read(&key).await, old, "with its version");
    assert!(!trial.release(&key, token).await, "the lease is gone");
    let next = Token::random();
    assert_eq!(trial.lease(&key, next).await, Lease::Leased { stale: old });
    assert!(fill(&trial, &key, next, &versioned(5)).await);
}

pub(super) async fn values_without_a_version_are_taken_and_forget_it(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &versioned(5)).await;
    trial.store(&key, &draft("unversioned")).await;
    assert!(store(&trial, &key, &versioned(1)).await, "nothing newer is known any more");
    assert!(put(&trial, &key, &draft("unversioned")).await);
    let key = evicted(&trial, "b").await;
    assert!(load(&trial, &key, &draft("unversioned")).await);
}

pub(super) async fn an_eviction_remembers_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    trial.invalidate(&key).await;
    assert_floor(&trial, &key).await;
}

pub(super) async fn an_eviction_of_a_leased_value_remembers_its_version(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &Draft { version: Some(Version::from(5)), ..stale_draft("5") }).await;
    trial.lease(&key, Token::random()).await;
    trial.invalidate(&key).await;
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_lease_and_its_release_keep_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    let token = trial.leased(&key).await;
    assert!(trial.release(&key, token).await);
    trial.leased(&key).await;
    trial.invalidate(&key).await;
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_lease_that_ended_by_itself_keeps_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    trial.ask(&LeaseRequest { ttl: SHORT, ..request(&key, Token::random()) }).await;
    let next = Token::random();
    eventually!("the next one is leased", matches!(trial.lease(&key, next).await, Lease::Leased { .. }));
    assert!(trial.release(&key, next).await);
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_lease_that_replaces_keeps_the_version(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &versioned(5)).await;
    let replace = LeaseRequest { mode: crate::backend::LeaseMode::Replace, ..request(&key, token) };
    assert_eq!(trial.ask(&replace).await, Lease::Leased { stale: None });
    assert!(!fill(&trial, &key, token, &versioned(4)).await);
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_write_keeps_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    for _ in 0..2 {
        let writers = [begin(&trial, &key, LONG).await, begin(&trial, &key, LONG).await];
        for writer in writers {
            let end = WriteEnd::Evict { grace: Duration::ZERO };
            assert!(!trial.backend.end_write(&key, writer, end).await.expect("an end"));
        }
    }
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_write_that_ended_by_itself_keeps_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    begin(&trial, &key, SHORT).await;
    let next = Token::random();
    eventually!("the intent ends", matches!(trial.lease(&key, next).await, Lease::Leased { .. }));
    assert!(trial.release(&key, next).await);
    assert_floor(&trial, &key).await;
}

pub(super) async fn a_refused_put_does_not_raise_the_version(trial: Trial) {
    let key = evicted(&trial, "a").await;
    let writers = [begin(&trial, &key, LONG).await, begin(&trial, &key, LONG).await];
    for writer in writers {
        assert!(!trial.backend.end_write(&key, writer, WriteEnd::Put(&versioned(9))).await.expect("an end"));
    }
    assert_floor(&trial, &key).await;
}
