//! Grace: for a while after an invalidation nothing that is loaded is stored.

use std::time::Duration;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, request, stale_draft};
use crate::backend::{Lease, LeaseMode, LeaseRequest, Selection, WriteEnd};
use crate::entry::{Draft, Token, Version};
use crate::key::StoredKey;

async fn invalidate(trial: &Trial, key: &StoredKey, grace: Duration) -> u64 {
    trial.backend.invalidate(std::slice::from_ref(key), &[], grace).await.expect("an invalidation")
}

async fn begin(trial: &Trial, key: &StoredKey) -> Token {
    let token = Token::random();
    trial.backend.begin_write(key, REGION, token, LONG).await.expect("an intent");
    token
}

async fn evict(trial: &Trial, key: &StoredKey, writer: Token, grace: Duration) {
    let stored = trial.backend.end_write(key, writer, WriteEnd::Evict { grace }).await.expect("an end");
    assert!(!stored);
}

/// How long loads are not stored.
async fn closed(trial: &Trial, key: &StoredKey) -> Option<Duration> {
    match trial.lease(key, Token::random()).await {
        Lease::Bypass { remaining } => Some(remaining),
        _ => None,
    }
}

async fn assert_closed_for_long(trial: &Trial, key: &StoredKey) {
    let remaining = closed(trial, key).await.expect("the grace is not over");
    assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
}

pub(super) async fn an_invalidation_with_grace_makes_loads_bypass(trial: Trial) {
    for mode in [LeaseMode::Load, LeaseMode::Replace, LeaseMode::Refresh] {
        let key = trial.key(&format!("{mode:?}"));
        trial.store(&key, &draft("old")).await;
        assert_eq!(invalidate(&trial, &key, LONG).await, 1);
        assert_eq!(trial.read(&key).await, None);
        let lease = trial.ask(&LeaseRequest { mode, ..request(&key, Token::random()) }).await;
        assert!(matches!(lease, Lease::Bypass { .. }), "{lease:?}");
        assert_closed_for_long(&trial, &key).await;
    }
    assert_eq!(invalidate(&trial, &trial.key("absent"), LONG).await, 0);
    assert_closed_for_long(&trial, &trial.key("absent")).await;
}

pub(super) async fn a_sweep_with_grace_makes_loads_bypass(trial: Trial) {
    let (value, leased) = (trial.key("list:1"), trial.key("list:2"));
    trial.store(&value, &draft("old")).await;
    let token = trial.leased(&leased).await;
    let selection = Selection { glob: &trial.glob("list:*"), region: Some(REGION), grace: LONG };
    assert_eq!(trial.backend.invalidate_matching(selection).await.expect("an invalidation"), 1);
    assert_closed_for_long(&trial, &value).await;
    assert_closed_for_long(&trial, &leased).await;
    assert!(!trial.fill(&leased, token, "old").await);
}

pub(super) async fn a_write_with_grace_makes_loads_bypass(trial: Trial) {
    let key = trial.key("a");
    let writer = begin(&trial, &key).await;
    evict(&trial, &key, writer, LONG).await;
    assert_closed_for_long(&trial, &key).await;
    // Also one whose intent is not there any more.
    let late = trial.key("late");
    evict(&trial, &late, Token::random(), LONG).await;
    assert_closed_for_long(&trial, &late).await;
}

pub(super) async fn after_the_grace_loads_are_stored(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &draft("old")).await;
    invalidate(&trial, &key, SHORT).await;
    let token = Token::random();
    eventually!("the grace ends", {
        matches!(trial.lease(&key, token).await, Lease::Leased { stale: None })
    });
    assert!(trial.fill(&key, token, "new").await);
}

pub(super) async fn after_the_grace_the_version_is_still_known(trial: Trial) {
    let versioned = |version: i64| Draft { version: Some(Version::from(version)), ..draft("v") };
    let key = trial.key("a");
    trial.store(&key, &versioned(5)).await;
    invalidate(&trial, &key, SHORT).await;
    let token = Token::random();
    eventually!("the grace ends", matches!(trial.lease(&key, token).await, Lease::Leased { .. }));
    assert!(!trial.backend.fill(&key, token, &versioned(4), &[]).await.expect("a fill").stored);
}

pub(super) async fn a_lease_from_before_the_grace_fills_nothing(trial: Trial) {
    let (key, stale) = (trial.key("a"), trial.key("stale"));
    trial.store(&stale, &stale_draft("old")).await;
    let (loader, refresher) = (trial.leased(&key).await, Token::random());
    trial.lease(&stale, refresher).await;
    for (key, token) in [(key, loader), (stale, refresher)] {
        invalidate(&trial, &key, LONG).await;
        assert!(!trial.fill(&key, token, "old").await);
        assert!(!trial.release(&key, token).await);
        assert_eq!(trial.read(&key).await, None);
        assert_closed_for_long(&trial, &key).await;
    }
}

pub(super) async fn a_later_eviction_does_not_shorten_the_grace(trial: Trial) {
    let key = trial.key("a");
    invalidate(&trial, &key, LONG).await;
    for grace in [Duration::ZERO, SHORT] {
        invalidate(&trial, &key, grace).await;
        assert_closed_for_long(&trial, &key).await;
        let selection = Selection { glob: key.as_str(), region: None, grace };
        trial.backend.invalidate_matching(selection).await.expect("an invalidation");
        assert_closed_for_long(&trial, &key).await;
        evict(&trial, &key, Token::random(), grace).await;
        assert_closed_for_long(&trial, &key).await;
    }
    let shorter = trial.key("b");
    invalidate(&trial, &shorter, SHORT).await;
    invalidate(&trial, &shorter, LONG).await;
    assert_closed_for_long(&trial, &shorter).await;
}

pub(super) async fn a_write_does_not_shorten_the_grace(trial: Trial) {
    let key = trial.key("a");
    invalidate(&trial, &key, LONG).await;
    let writer = begin(&trial, &key).await;
    evict(&trial, &key, writer, Duration::ZERO).await;
    assert_closed_for_long(&trial, &key).await;
}

pub(super) async fn an_invalidation_during_a_write_has_its_grace(trial: Trial) {
    let (key, swept) = (trial.key("a"), trial.key("swept"));
    let (writer, other) = (begin(&trial, &key).await, begin(&trial, &swept).await);
    invalidate(&trial, &key, LONG).await;
    let selection = Selection { glob: swept.as_str(), region: None, grace: LONG };
    trial.backend.invalidate_matching(selection).await.expect("an invalidation");
    for (key, writer) in [(key, writer), (swept, other)] {
        evict(&trial, &key, writer, Duration::ZERO).await;
        assert_closed_for_long(&trial, &key).await;
    }
}

pub(super) async fn of_two_writers_each_has_its_grace(trial: Trial) {
    let key = trial.key("a");
    let (first, last) = (begin(&trial, &key).await, begin(&trial, &key).await);
    evict(&trial, &key, first, LONG).await;
    evict(&trial, &key, last, Duration::ZERO).await;
    assert_closed_for_long(&trial, &key).await;
}

pub(super) async fn a_dead_writer_does_not_shorten_the_grace(trial: Trial) {
    let (key, marker) = (trial.key("a"), trial.key("marker"));
    invalidate(&trial, &key, LONG).await;
    for key in [&key, &marker] {
        trial.backend.begin_write(key, REGION, Token::random(), SHORT).await.expect("an intent");
    }
    eventually!("an intent of the same length ends", closed(&trial, &marker).await.is_none());
    assert_closed_for_long(&trial, &key).await;
}

pub(super) async fn what_is_written_by_hand_is_stored_within_the_grace(trial: Trial) {
    let (stored, put) = (trial.key("stored"), trial.key("put"));
    for key in [&stored, &put] {
        invalidate(&trial, key, LONG).await;
    }
    trial.store(&stored, &draft("v")).await;
    let writer = begin(&trial, &put).await;
    assert!(trial.backend.end_write(&put, writer, WriteEnd::Put(&draft("v"))).await.expect("an end"));
    for key in [stored, put] {
        assert_eq!(trial.text(&key).await.as_deref(), Some("v"));
    }
    // And one that is given up leaves the grace.
    let given_up = trial.key("given up");
    invalidate(&trial, &given_up, LONG).await;
    let token = trial.taken(&given_up).await.expect("no writer is at work");
    assert_closed_for_long(&trial, &given_up).await;
    assert!(trial.release(&given_up, token).await);
    assert_closed_for_long(&trial, &given_up).await;
}
