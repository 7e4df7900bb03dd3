//! Leases: one loads, the others wait, and only the holder's value is stored.

use std::time::Duration;

use super::trial::{LEASE, LONG, SHORT, Trial, draft, eventually, request};
use crate::backend::{Lease, LeaseRequest, Selection};
use crate::entry::{Draft, Token};

pub(super) async fn a_miss_is_leased_once(trial: Trial) {
    let key = trial.key("a");
    trial.leased(&key).await;
    match trial.lease(&key, Token::random()).await {
        Lease::Wait { stale: None, remaining } => {
            assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
        }
        other => panic!("expected to wait: {other:?}"),
    }
}

pub(super) async fn a_lease_is_not_a_value(trial: Trial) {
    let key = trial.key("a");
    trial.leased(&key).await;
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn a_fresh_value_is_a_hit_instead_of_a_lease(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &draft("v")).await;
    let entry = trial.read(&key).await.expect("the entry");
    assert_eq!(trial.lease(&key, Token::random()).await, Lease::Hit(entry));
}

pub(super) async fn of_two_hundred_askers_one_is_leased(trial: Trial) {
    let key = trial.key("a");
    let askers: Vec<_> = (0..200)
        .map(|_| {
            let (trial, key) = (trial.clone(), key.clone());
            tokio::spawn(async move { trial.lease(&key, Token::random()).await })
        })
        .collect();
    let mut leased = 0;
    for asker in askers {
        match asker.await.expect("an answer") {
            Lease::Leased { stale: None } => leased += 1,
            Lease::Wait { stale: None, .. } => {}
            other => panic!("expected a lease or a wait: {other:?}"),
        }
    }
    assert_eq!(leased, 1);
}

pub(super) async fn a_lease_ends_by_itself(trial: Trial) {
    let key = trial.key("a");
    trial.ask(&LeaseRequest { ttl: SHORT, ..request(&key, Token::random()) }).await;
    eventually!("the next one is leased", {
        matches!(trial.lease(&key, Token::random()).await, Lease::Leased { stale: None })
    });
}

pub(super) async fn a_fill_with_the_lease_is_stored(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    assert!(trial.fill(&key, token, "v").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("v"));
}

pub(super) async fn a_fill_ends_the_lease(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    trial.fill(&key, token, "v").await;
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Hit(_)));
    assert!(!trial.release(&key, token).await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("v"));
}

pub(super) async fn a_fill_by_a_stranger_is_refused(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    assert!(!trial.fill(&key, Token::random(), "stranger").await);
    assert_eq!(trial.read(&key).await, None);
    assert!(trial.fill(&key, token, "holder").await, "the holder is not harmed");
}

pub(super) async fn a_fill_without_a_lease_is_refused(trial: Trial) {
    let key = trial.key("a");
    assert!(!trial.fill(&key, Token::random(), "v").await);
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn a_fill_after_the_lease_ended_is_refused(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.ask(&LeaseRequest { ttl: SHORT, ..request(&key, token) }).await;
    let next = Token::random();
    eventually!("the next one is leased", { matches!(trial.lease(&key, next).await, Lease::Leased { .. }) });
    assert!(!trial.fill(&key, token, "late").await);
    assert!(trial.fill(&key, next, "next").await);
}

pub(super) async fn a_fill_after_an_invalidation_is_refused(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    assert_eq!(trial.invalidate(&key).await, 0, "a lease is no value");
    assert!(!trial.fill(&key, token, "old").await);
    assert_eq!(trial.read(&key).await, None);
    let next = trial.leased(&key).await;
    assert!(!trial.fill(&key, token, "old").await, "not under the next one's lease either");
    assert!(trial.fill(&key, next, "new").await);
}

pub(super) async fn a_fill_after_an_invalidation_by_scan_is_refused(trial: Trial) {
    let key = trial.key("list:1");
    let token = trial.leased(&key).await;
    let selection = Selection { glob: &trial.glob("list:*"), region: None, grace: Duration::ZERO };
    trial.backend.invalidate_matching(selection).await.expect("an invalidation");
    assert!(!trial.fill(&key, token, "old").await);
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn a_fill_after_a_store_is_refused(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    trial.store(&key, &draft("stored")).await;
    assert!(!trial.fill(&key, token, "loaded").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("stored"));
}

pub(super) async fn a_lease_is_taken_over_whatever_is_there(trial: Trial) {
    let (key, value) = (trial.key("a"), trial.key("value"));
    trial.leased(&key).await;
    trial.store(&value, &draft("old")).await;
    for key in [&key, &value] {
        let token = trial.taken(key).await.expect("no writer is at work");
        assert!(trial.fill(key, token, "new").await);
        assert_eq!(trial.text(key).await.as_deref(), Some("new"));
        assert!(matches!(trial.lease(key, Token::random()).await, Lease::Hit(_)));
    }
}

pub(super) async fn a_value_stays_while_its_lease_is_taken(trial: Trial) {
    let (key, brief) = (trial.key("a"), trial.key("brief"));
    trial.store(&key, &draft("old")).await;
    let token = trial.taken(&key).await.expect("no writer is at work");
    assert_eq!(trial.text(&key).await.as_deref(), Some("old"));
    assert!(trial.release(&key, token).await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("old"));
    // But the lease must not end with it.
    trial.store(&brief, &Draft { ttl: LEASE / 2, ..draft("old") }).await;
    let token = trial.taken(&brief).await.expect("no writer is at work");
    assert_eq!(trial.text(&brief).await, None);
    assert!(trial.fill(&brief, token, "new").await);
}

pub(super) async fn who_lost_a_lease_fills_before_the_next_one_and_not_after(trial: Trial) {
    let (key, late) = (trial.key("a"), trial.key("late"));
    let first = trial.leased(&key).await;
    let second = trial.taken(&key).await.expect("no writer is at work");
    let third = trial.taken(&key).await.expect("no writer is at work");
    for (token, text) in [(first, "first"), (second, "second")] {
        assert!(trial.release(&key, token).await, "it is there, and stays the third's");
        assert!(trial.fill(&key, token, text).await);
        assert_eq!(trial.text(&key).await.as_deref(), Some(text));
    }
    assert!(trial.fill(&key, third, "third").await);

    let first = trial.leased(&late).await;
    let second = trial.taken(&late).await.expect("no writer is at work");
    assert!(trial.fill(&late, second, "second").await);
    assert!(!trial.fill(&late, first, "first").await);
    assert_eq!(trial.text(&late).await.as_deref(), Some("second"));
}

pub(super) async fn an_invalidation_refuses_all_who_had_the_lease(trial: Trial) {
    let key = trial.key("a");
    let first = trial.leased(&key).await;
    let second = trial.taken(&key).await.expect("no writer is at work");
    trial.invalidate(&key).await;
    for token in [first, second] {
        assert!(!trial.fill(&key, token, "old").await);
    }
    let next = trial.taken(&key).await.expect("no writer is at work");
    assert!(!trial.fill(&key, second, "old").await, "not under the next one's lease either");
    assert!(trial.fill(&key, next, "new").await);
}

pub(super) async fn a_fill_cannot_be_repeated(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    assert!(trial.fill(&key, token, "first").await);
    assert!(!trial.fill(&key, token, "second").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("first"));
}

pub(super) async fn a_release_lets_the_next_one_load(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    assert!(trial.release(&key, token).await);
    trial.leased(&key).await;
}

pub(super) async fn a_release_by_a_stranger_changes_nothing(trial: Trial) {
    let key = trial.key("a");
    assert!(!trial.release(&key, Token::random()).await);
    let token = trial.leased(&key).await;
    assert!(!trial.release(&key, Token::random()).await);
    assert!(trial.fill(&key, token, "v").await);
}

pub(super) async fn a_fill_after_a_release_is_refused(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    trial.release(&key, token).await;
    assert!(!trial.fill(&key, token, "v").await);
    assert!(!trial.release(&key, token).await, "a second release finds nothing");
}

pub(super) async fn a_request_to_replace_drops_the_value(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &draft("unreadable")).await;
    let lease =
        trial.ask(&LeaseRequest { mode: crate::backend::LeaseMode::Replace, ..request(&key, token) }).await;
    assert_eq!(lease, Lease::Leased { stale: None });
    assert_eq!(trial.read(&key).await, None);
    assert!(trial.fill(&key, token, "new").await);
}

pub(super) async fn a_request_to_replace_waits_for_who_loads(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    let lease = trial
        .ask(&LeaseRequest { mode: crate::backend::LeaseMode::Replace, ..request(&key, Token::random()) })
        .await;
    assert!(matches!(lease, Lease::Wait { stale: None, .. }), "{lease:?}");
    assert!(trial.fill(&key, token, "v").await);
}
