//! Stale values: they stay readable while one refreshes them.

use std::time::Duration;

use bytes::Bytes;

use super::trial::{LONG, SHORT, Trial, draft, eventually, request, stale_draft};
use crate::backend::{Lease, LeaseRequest};
use crate::entry::{Draft, Token};

pub(super) async fn a_stale_value_is_served_while_it_is_refreshed(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &stale_draft("old")).await;
    let old = trial.read(&key).await.expect("the entry");
    trial.lease(&key, Token::random()).await;
    assert_eq!(trial.read(&key).await.as_ref(), Some(&old), "the lease is not part of the value");
    match trial.lease(&key, Token::random()).await {
        Lease::Wait { stale, remaining } => {
            assert_eq!(stale, Some(old));
            assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
        }
        other => panic!("expected to wait: {other:?}"),
    }
}

pub(super) async fn a_stale_value_without_a_lease_is_offered_to_who_leases(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &stale_draft("old")).await;
    let old = trial.read(&key).await;
    assert_eq!(trial.lease(&key, Token::random()).await, Lease::Leased { stale: old });
}

pub(super) async fn a_fill_replaces_the_stale_value(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    trial.lease(&key, token).await;
    assert!(!trial.fill(&key, Token::random(), "stranger").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("old"));
    assert!(trial.fill(&key, token, "new").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("new"));
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Hit(_)));
}

pub(super) async fn a_release_leaves_the_stale_value_as_it_was(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    let old = trial.read(&key).await;
    let lifetime = trial.lifetimes().ttl(&key).await.expect("a ttl").expect("a value");
    trial.lease(&key, token).await;
    assert!(!trial.release(&key, Token::random()).await);
    assert!(trial.release(&key, token).await);
    assert_eq!(trial.read(&key).await, old);
    let left = trial.lifetimes().ttl(&key).await.expect("a ttl").expect("it still ends");
    assert!(left <= lifetime, "{left:?} after {lifetime:?}");
    assert_eq!(trial.lease(&key, Token::random()).await, Lease::Leased { stale: old });
}

pub(super) async fn a_lease_over_a_stale_value_ends_by_itself(trial: Trial) {
    let (key, late, next) = (trial.key("a"), Token::random(), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    let old = trial.read(&key).await;
    trial.ask(&LeaseRequest { ttl: SHORT, ..request(&key, late) }).await;
    eventually!("the next one is leased", {
        trial.lease(&key, next).await == Lease::Leased { stale: old.clone() }
    });
    assert_eq!(trial.read(&key).await, old);
    assert!(!trial.fill(&key, late, "late").await);
    assert!(!trial.release(&key, late).await);
    assert!(trial.fill(&key, next, "next").await);
}

pub(super) async fn an_invalidation_drops_a_stale_value_and_its_lease(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    trial.lease(&key, token).await;
    assert_eq!(trial.invalidate(&key).await, 1);
    assert_eq!(trial.read(&key).await, None);
    assert!(!trial.fill(&key, token, "late").await);
}

pub(super) async fn a_big_stale_value_is_not_damaged_by_leases(trial: Trial) {
    let key = trial.key("a");
    let draft = Draft { payload: Bytes::from(vec![0xCA; 1024 * 1024]), ..stale_draft("") };
    trial.store(&key, &draft).await;
    for _ in 0..3 {
        let token = Token::random();
        let Lease::Leased { stale: Some(stale) } = trial.lease(&key, token).await else {
            panic!("expected the lease and the stale value");
        };
        assert!(stale.payload == draft.payload, "the stale value differs");
        assert!(
            trial.read(&key).await.expect("the entry").payload == draft.payload,
            "the leased value differs"
        );
        assert!(trial.release(&key, token).await);
        assert!(
            trial.read(&key).await.expect("the entry").payload == draft.payload,
            "the released value differs"
        );
    }
}

pub(super) async fn a_hit_on_a_leased_value_is_possible_after_expire(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &stale_draft("old")).await;
    trial.lease(&key, token).await;
    assert!(trial.lifetimes().expire(&key, Duration::from_secs(60)).await.expect("an expiry"));
    match trial.lease(&key, Token::random()).await {
        Lease::Hit(entry) => assert_eq!(entry.payload, draft("old").payload),
        other => panic!("expected a hit: {other:?}"),
    }
    assert!(trial.fill(&key, token, "new").await, "the lease is still there");
}
