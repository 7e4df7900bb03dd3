//! Leases over a fresh value: it stays readable, and whatever happens to it drops the lease.

use std::time::Duration;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, request, stale_draft, stamp};
use crate::backend::{Lease, LeaseMode, LeaseRequest, Selection, WriteEnd};
use crate::entry::{Draft, Token};
use crate::key::StoredKey;

fn refresh(key: &StoredKey, token: Token) -> LeaseRequest<'_> {
    LeaseRequest { mode: LeaseMode::Refresh, ..request(key, token) }
}

/// A fresh value, and a lease over it.
async fn linked(trial: &Trial, name: &str) -> (StoredKey, Token) {
    let (key, token) = (trial.key(name), Token::random());
    trial.store(&key, &draft("old")).await;
    let old = trial.read(&key).await;
    assert!(old.is_some());
    assert_eq!(trial.ask(&refresh(&key, token)).await, Lease::Leased { stale: old });
    (key, token)
}

pub(super) async fn a_fresh_value_is_kept_and_leased_over(trial: Trial) {
    let (key, token) = linked(&trial, "a").await;
    let old = trial.read(&key).await.expect("the value is still there");
    assert_eq!(trial.lease(&key, Token::random()).await, Lease::Hit(old.clone()), "for readers a hit");
    match trial.ask(&refresh(&key, Token::random())).await {
        Lease::Wait { stale, remaining } => {
            assert_eq!(stale, Some(old.clone()));
            assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
        }
        other => panic!("expected to wait: {other:?}"),
    }
    assert_eq!(trial.ask(&refresh(&key, token)).await, Lease::Leased { stale: Some(old) }, "its own");
}

pub(super) async fn a_fill_over_a_fresh_value_replaces_it(trial: Trial) {
    let (key, token) = linked(&trial, "a").await;
    assert!(trial.fill(&key, token, "new").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("new"));
    assert!(!trial.fill(&key, token, "again").await);
}

pub(super) async fn a_release_leaves_the_fresh_value(trial: Trial) {
    let (key, token) = linked(&trial, "a").await;
    let (old, ttl) = (trial.read(&key).await, trial.lifetimes().ttl(&key).await.expect("a ttl"));
    assert!(trial.release(&key, token).await);
    assert_eq!(trial.read(&key).await, old);
    assert!(trial.lifetimes().ttl(&key).await.expect("a ttl") <= ttl);
    assert_eq!(trial.ask(&refresh(&key, Token::random())).await, Lease::Leased { stale: old });
}

pub(super) async fn nothing_is_leased_over_where_there_is_no_value(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    assert_eq!(trial.ask(&refresh(&key, token)).await, Lease::Leased { stale: None });
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Wait { stale: None, .. }));
    assert!(trial.fill(&key, token, "new").await);
}

pub(super) async fn a_stale_value_is_leased_over_too(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    let old = trial.read(&key).await;
    assert_eq!(trial.ask(&refresh(&key, token)).await, Lease::Leased { stale: old.clone() });
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Wait { stale, .. } if stale == old));
}

pub(super) async fn a_fresh_value_under_another_id_is_not_leased_over(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &Draft { tags: vec![stamp("t", Token::random())], ..draft("old") }).await;
    let live = [stamp("t", Token::random())];
    let lease = trial.ask(&LeaseRequest { live_tags: &live, ..refresh(&key, token) }).await;
    assert_eq!(lease, Lease::Leased { stale: None });
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn a_lease_over_a_fresh_value_ends_by_itself(trial: Trial) {
    let (key, late, next) = (trial.key("a"), Token::random(), Token::random());
    trial.store(&key, &draft("old")).await;
    let old = trial.read(&key).await;
    trial.ask(&LeaseRequest { ttl: SHORT, ..refresh(&key, late) }).await;
    eventually!("the next one is leased", {
        trial.ask(&refresh(&key, next)).await == Lease::Leased { stale: old.clone() }
    });
    assert!(!trial.fill(&key, late, "late").await);
    assert_eq!(trial.read(&key).await, old);
    assert!(trial.fill(&key, next, "next").await);
}

/// Does something to a key that is leased over, and checks that the lease is lost.
async fn overtaken(trial: &Trial, name: &str, meanwhile: impl AsyncFnOnce(&StoredKey)) -> Option<String> {
    let (key, token) = linked(trial, name).await;
    meanwhile(&key).await;
    let left = trial.read(&key).await;
    assert!(!trial.fill(&key, token, "follows from the old").await, "{name}");
    assert!(!trial.release(&key, token).await, "{name}");
    assert_eq!(trial.read(&key).await, left, "{name}");
    left.map(|entry| String::from_utf8_lossy(&entry.payload).into_owned())
}

pub(super) async fn an_invalidation_drops_the_lease_over_a_fresh_value(trial: Trial) {
    let left = overtaken(&trial, "key", async |key| assert_eq!(trial.invalidate(key).await, 1)).await;
    assert_eq!(left, None);
    let sweep = async |key: &StoredKey| {
        let selection = Selection { glob: key.as_str(), region: Some(REGION), grace: Duration::ZERO };
        assert_eq!(trial.backend.invalidate_matching(selection).await.expect("an invalidation"), 1);
    };
    assert_eq!(overtaken(&trial, "swept", sweep).await, None);
}

pub(super) async fn a_store_drops_the_lease_over_a_fresh_value(trial: Trial) {
    let left = overtaken(&trial, "a", async |key| trial.store(key, &draft("stored")).await).await;
    assert_eq!(left.as_deref(), Some("stored"));
}

pub(super) async fn a_write_drops_the_lease_over_a_fresh_value(trial: Trial) {
    let begin = async |key: &StoredKey| {
        let token = Token::random();
        trial.backend.begin_write(key, REGION, token, LONG).await.expect("an intent");
        token
    };
    assert_eq!(overtaken(&trial, "begun", async |key| _ = begin(key).await).await, None);
    let put = async |key: &StoredKey| {
        let end = begin(key).await;
        assert!(trial.backend.end_write(key, end, WriteEnd::Put(&draft("put"))).await.expect("an end"));
    };
    assert_eq!(overtaken(&trial, "put", put).await.as_deref(), Some("put"));
}

pub(super) async fn another_fill_drops_the_lease_over_a_fresh_value(trial: Trial) {
    let refill = async |key: &StoredKey| {
        trial.invalidate(key).await;
        let other = trial.leased(key).await;
        assert!(trial.fill(key, other, "filled").await);
    };
    assert_eq!(overtaken(&trial, "a", refill).await.as_deref(), Some("filled"));
}

pub(super) async fn a_request_to_replace_a_leased_fresh_value_waits(trial: Trial) {
    let (key, token) = linked(&trial, "a").await;
    let replace = LeaseRequest { mode: LeaseMode::Replace, ..request(&key, Token::random()) };
    let lease = trial.ask(&replace).await;
    assert!(matches!(lease, Lease::Wait { stale: None, .. }), "{lease:?}");
    assert_eq!(trial.text(&key).await.as_deref(), Some("old"));
    assert!(trial.fill(&key, token, "new").await);
}
