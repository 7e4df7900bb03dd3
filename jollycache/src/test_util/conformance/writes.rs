//! Stores, invalidations and write intents.

use std::time::Duration;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, stale_draft};
use crate::backend::{Lease, Selection, WriteEnd};
use crate::entry::Token;
use crate::key::StoredKey;

async fn begin(trial: &Trial, key: &StoredKey, ttl: Duration) -> Token {
    let token = Token::random();
    trial.backend.begin_write(key, REGION, token, ttl).await.expect("an intent");
    token
}

async fn put(trial: &Trial, key: &StoredKey, token: Token, text: &str) -> bool {
    trial.backend.end_write(key, token, WriteEnd::Put(&draft(text))).await.expect("an end")
}

async fn evict(trial: &Trial, key: &StoredKey, token: Token) -> bool {
    trial.backend.end_write(key, token, WriteEnd::Evict { grace: Duration::ZERO }).await.expect("an end")
}

async fn remaining_bypass(trial: &Trial, key: &StoredKey) -> Option<Duration> {
    match trial.lease(key, Token::random()).await {
        Lease::Bypass { remaining } => Some(remaining),
        _ => None,
    }
}

pub(super) async fn a_store_replaces_whatever_is_there(trial: Trial) {
    let key = trial.key("a");
    for text in ["over nothing", "over a value"] {
        trial.store(&key, &draft(text)).await;
        assert_eq!(trial.text(&key).await.as_deref(), Some(text));
    }
    trial.invalidate(&key).await;
    trial.leased(&key).await;
    trial.store(&key, &stale_draft("over a lease")).await;
    assert_eq!(trial.text(&key).await.as_deref(), Some("over a lease"));
    trial.lease(&key, Token::random()).await;
    trial.store(&key, &draft("over a leased value")).await;
    assert_eq!(trial.text(&key).await.as_deref(), Some("over a leased value"));
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Hit(_)));
}

pub(super) async fn an_invalidation_counts_values(trial: Trial) {
    let keys: Vec<_> =
        ["fresh", "stale", "leased", "intended", "absent"].into_iter().map(|name| trial.key(name)).collect();
    trial.store(&keys[0], &draft("v")).await;
    trial.store(&keys[1], &stale_draft("v")).await;
    trial.leased(&keys[2]).await;
    begin(&trial, &keys[3], LONG).await;
    assert_eq!(trial.backend.invalidate(&keys, &[], Duration::ZERO).await.expect("an invalidation"), 2);
    assert_eq!(trial.backend.invalidate(&keys, &[], Duration::ZERO).await.expect("an invalidation"), 0);
}

pub(super) async fn an_intent_drops_the_value(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &draft("old")).await;
    begin(&trial, &key, LONG).await;
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn an_intent_makes_loads_bypass(trial: Trial) {
    let key = trial.key("a");
    begin(&trial, &key, LONG).await;
    let remaining = remaining_bypass(&trial, &key).await.expect("to bypass");
    assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
}

pub(super) async fn an_intent_drops_the_lease(trial: Trial) {
    let (key, stale) = (trial.key("a"), trial.key("stale"));
    trial.store(&stale, &stale_draft("old")).await;
    let (loader, refresher) = (trial.leased(&key).await, Token::random());
    trial.lease(&stale, refresher).await;
    for (key, token) in [(key, loader), (stale, refresher)] {
        let writer = begin(&trial, &key, LONG).await;
        assert!(!trial.fill(&key, token, "old").await);
        assert!(!trial.release(&key, token).await);
        assert!(put(&trial, &key, writer, "new").await, "the intent was not harmed");
        assert!(!trial.fill(&key, token, "old").await, "nor is there a lease afterwards");
        assert_eq!(trial.text(&key).await.as_deref(), Some("new"));
    }
}

pub(super) async fn an_intent_turns_a_store_away(trial: Trial) {
    let key = trial.key("a");
    let writer = begin(&trial, &key, LONG).await;
    assert!(!trial.try_store(&key, &draft("v")).await);
    assert_eq!(trial.read(&key).await, None);
    assert!(remaining_bypass(&trial, &key).await.is_some(), "the intent stays");
    assert!(put(&trial, &key, writer, "written").await);
}

pub(super) async fn an_intent_outlives_invalidations(trial: Trial) {
    let key = trial.key("a");
    begin(&trial, &key, LONG).await;
    assert_eq!(trial.invalidate(&key).await, 0);
    assert!(remaining_bypass(&trial, &key).await.is_some());
}

pub(super) async fn a_sole_writer_puts_its_value(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &draft("old")).await;
    let writer = begin(&trial, &key, LONG).await;
    assert!(put(&trial, &key, writer, "new").await);
    assert_eq!(trial.text(&key).await.as_deref(), Some("new"));
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Hit(_)), "the intent is gone");
}

pub(super) async fn a_write_that_evicts_leaves_nothing(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &draft("old")).await;
    let writer = begin(&trial, &key, LONG).await;
    assert!(!evict(&trial, &key, writer).await);
    assert_eq!(trial.read(&key).await, None);
    trial.leased(&key).await;
}

pub(super) async fn two_writers_poison_each_other(trial: Trial) {
    // In any order of beginning and ending.
    for first_out in [0, 1] {
        let key = trial.key(&format!("a{first_out}"));
        let writers = [begin(&trial, &key, LONG).await, begin(&trial, &key, LONG).await];
        assert!(!put(&trial, &key, writers[first_out], "one").await);
        assert!(!put(&trial, &key, writers[1 - first_out], "other").await);
        assert_eq!(trial.read(&key).await, None);
    }
}

pub(super) async fn a_third_writer_is_poisoned_too(trial: Trial) {
    let key = trial.key("a");
    let (a, b) = (begin(&trial, &key, LONG).await, begin(&trial, &key, LONG).await);
    evict(&trial, &key, a).await;
    let c = begin(&trial, &key, LONG).await;
    assert!(!put(&trial, &key, b, "b").await);
    assert!(!put(&trial, &key, c, "c").await);
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn the_last_writer_out_ends_the_bypass(trial: Trial) {
    let key = trial.key("a");
    let (a, b) = (begin(&trial, &key, LONG).await, begin(&trial, &key, LONG).await);
    put(&trial, &key, b, "b").await;
    assert!(remaining_bypass(&trial, &key).await.is_some(), "one writer is still at work");
    evict(&trial, &key, a).await;
    trial.leased(&key).await;
}

/// An intent need not name them all: then it stays until the end of those that it does not.
pub(super) async fn no_writer_is_forgotten_among_a_hundred(trial: Trial) {
    let key = trial.key("a");
    begin(&trial, &key, LONG).await;
    let mut others = Vec::new();
    for _ in 0..99 {
        others.push(begin(&trial, &key, LONG).await);
    }
    for other in others {
        evict(&trial, &key, other).await;
    }
    assert!(remaining_bypass(&trial, &key).await.is_some(), "the first one is still at work");
}

pub(super) async fn of_two_intents_the_later_end_counts(trial: Trial) {
    let (key, reverse) = (trial.key("a"), trial.key("b"));
    begin(&trial, &key, SHORT).await;
    begin(&trial, &key, LONG).await;
    begin(&trial, &reverse, LONG).await;
    begin(&trial, &reverse, SHORT).await;
    for key in [key, reverse] {
        let remaining = remaining_bypass(&trial, &key).await.expect("to bypass");
        assert!(remaining > LONG / 2, "{remaining:?}");
    }
}

async fn begin_and_outlive(trial: &Trial, key: &StoredKey) -> Token {
    let writer = begin(trial, key, SHORT).await;
    eventually!("the intent ends", remaining_bypass(trial, key).await.is_none());
    writer
}

pub(super) async fn an_intent_ends_by_itself(trial: Trial) {
    let key = trial.key("a");
    begin_and_outlive(&trial, &key).await;
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Wait { .. }), "somebody loads by now");
}

pub(super) async fn a_put_after_the_intent_ended_is_refused(trial: Trial) {
    let key = trial.key("a");
    let writer = begin_and_outlive(&trial, &key).await;
    trial.invalidate(&key).await;
    assert!(!put(&trial, &key, writer, "late").await);
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn a_late_end_drops_what_was_loaded_meanwhile(trial: Trial) {
    let (value, leased) = (trial.key("value"), trial.key("leased"));
    let writer = begin_and_outlive(&trial, &value).await;
    trial.store(&value, &draft("loaded before the commit")).await;
    assert!(!put(&trial, &value, writer, "late").await);
    assert_eq!(trial.read(&value).await, None);

    let writer = begin_and_outlive(&trial, &leased).await;
    trial.invalidate(&leased).await;
    let loader = trial.leased(&leased).await;
    assert!(!evict(&trial, &leased, writer).await);
    assert!(!trial.fill(&leased, loader, "loaded before the commit").await);
}

pub(super) async fn a_stranger_cannot_put_and_spoils_the_put(trial: Trial) {
    let (absent, key) = (trial.key("absent"), trial.key("a"));
    assert!(!put(&trial, &absent, Token::random(), "v").await);
    assert_eq!(trial.read(&absent).await, None);

    // A writer whose own intent has ended may have committed after this one.
    let writer = begin(&trial, &key, LONG).await;
    assert!(!put(&trial, &key, Token::random(), "stranger").await);
    assert!(!put(&trial, &key, writer, "writer").await);
    assert_eq!(trial.read(&key).await, None);
}

pub(super) async fn an_invalidation_spoils_the_put(trial: Trial) {
    // The caller of the invalidation has written too, and which of the two writes came last is unknown.
    let (key, swept) = (trial.key("a"), trial.key("b"));
    let (writer, other) = (begin(&trial, &key, LONG).await, begin(&trial, &swept, LONG).await);
    trial.invalidate(&key).await;
    let selection = Selection { glob: swept.as_str(), region: Some(REGION), grace: Duration::ZERO };
    trial.backend.invalidate_matching(selection).await.expect("an invalidation");
    assert!(!put(&trial, &key, writer, "old").await);
    assert!(!put(&trial, &swept, other, "old").await);
    assert_eq!((trial.read(&key).await, trial.read(&swept).await), (None, None));
}

pub(super) async fn a_late_end_leaves_the_intent_of_another(trial: Trial) {
    let key = trial.key("a");
    let late = begin_and_outlive(&trial, &key).await;
    begin(&trial, &key, LONG).await;
    evict(&trial, &key, late).await;
    assert!(remaining_bypass(&trial, &key).await.is_some(), "the other writer is still at work");
}

pub(super) async fn a_writer_that_announces_itself_twice_is_one(trial: Trial) {
    let key = trial.key("a");
    let writer = begin(&trial, &key, LONG).await;
    trial.backend.begin_write(&key, REGION, writer, LONG).await.expect("an intent");
    assert!(put(&trial, &key, writer, "v").await);
}
