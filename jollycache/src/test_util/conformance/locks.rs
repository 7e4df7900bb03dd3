//! Locks: one owner at a time, and a fence that grows.

use std::collections::BTreeSet;
use std::time::Duration;

use super::trial::{LONG, SHORT, Trial, draft, eventually, soon};
use crate::backend::{LockAnswer, Selection, Signal};
use crate::entry::Token;
use crate::key::StoredKey;

async fn ask(trial: &Trial, lock: &StoredKey, token: Token, ttl: Duration) -> LockAnswer {
    trial.locks().lock(lock, token, ttl).await.expect("an answer")
}

/// Takes a free lock.
async fn locked(trial: &Trial, lock: &StoredKey, ttl: Duration) -> (Token, u64) {
    let token = Token::random();
    match ask(trial, lock, token, ttl).await {
        LockAnswer::Locked { fence } => (token, fence),
        LockAnswer::Held { .. } => panic!("expected the lock to be free"),
    }
}

async fn is_held(trial: &Trial, lock: &StoredKey) -> bool {
    matches!(ask(trial, lock, Token::random(), LONG).await, LockAnswer::Held { .. })
}

async fn unlock(trial: &Trial, lock: &StoredKey, token: Token) -> bool {
    trial.locks().unlock(lock, token).await.expect("an answer")
}

async fn extend(trial: &Trial, lock: &StoredKey, token: Token, ttl: Duration) -> bool {
    trial.locks().extend_lock(lock, token, ttl).await.expect("an answer")
}

pub(super) async fn a_lock_has_one_owner(trial: Trial) {
    let (lock, other) = (trial.key("#lock:a"), trial.key("#lock:b"));
    locked(&trial, &lock, LONG).await;
    match ask(&trial, &lock, Token::random(), LONG).await {
        LockAnswer::Held { remaining } => assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}"),
        LockAnswer::Locked { .. } => panic!("two owners"),
    }
    locked(&trial, &other, LONG).await;
}

pub(super) async fn of_many_who_ask_for_a_lock_one_has_it(trial: Trial) {
    let lock = trial.key("#lock:a");
    let askers: Vec<_> = (0..100)
        .map(|_| {
            let (trial, lock) = (trial.clone(), lock.clone());
            tokio::spawn(async move { ask(&trial, &lock, Token::random(), LONG).await })
        })
        .collect();
    let mut owners = 0;
    for asker in askers {
        owners += usize::from(matches!(asker.await.expect("an answer"), LockAnswer::Locked { .. }));
    }
    assert_eq!(owners, 1);
}

pub(super) async fn fences_grow_over_all_owners(trial: Trial) {
    let lock = trial.key("#lock:a");
    let mut fences = Vec::new();
    for _ in 0..50 {
        let (token, fence) = locked(&trial, &lock, LONG).await;
        fences.push(fence);
        assert!(unlock(&trial, &lock, token).await);
    }
    let (_, fence) = locked(&trial, &lock, SHORT).await;
    fences.push(fence);
    let token = Token::random();
    eventually!("the lock ends by itself", {
        match ask(&trial, &lock, token, LONG).await {
            LockAnswer::Locked { fence } => {
                fences.push(fence);
                true
            }
            LockAnswer::Held { .. } => false,
        }
    });
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
}

pub(super) async fn a_fence_grows_though_the_store_forgot_the_lock(trial: Trial) {
    let lock = trial.key("#lock:a");
    let (_, first) = locked(&trial, &lock, LONG).await;
    trial.keyspace().delete_raw(std::slice::from_ref(&lock)).await.expect("a deletion");
    let (_, second) = locked(&trial, &lock, LONG).await;
    assert!(second > first, "{second} after {first}");
}

pub(super) async fn an_owner_that_asks_again_keeps_its_fence(trial: Trial) {
    let lock = trial.key("#lock:a");
    let (token, fence) = locked(&trial, &lock, LONG).await;
    assert_eq!(ask(&trial, &lock, token, LONG * 2).await, LockAnswer::Locked { fence });
    match ask(&trial, &lock, Token::random(), LONG).await {
        LockAnswer::Held { remaining } => assert!(remaining > LONG, "a new term: {remaining:?}"),
        LockAnswer::Locked { .. } => panic!("two owners"),
    }
}

pub(super) async fn a_lock_ends_by_itself_and_then_has_no_owner(trial: Trial) {
    let (lock, marker) = (trial.key("#lock:a"), trial.key("#lock:marker"));
    let (token, _) = locked(&trial, &lock, SHORT).await;
    locked(&trial, &marker, SHORT).await;
    // Asking for the lock itself would give it to the next one.
    eventually!("a marker of the same term ends", !is_held(&trial, &marker).await);
    assert!(!extend(&trial, &lock, token, LONG).await);
    assert!(!unlock(&trial, &lock, token).await);
    assert!(!is_held(&trial, &lock).await);
}

pub(super) async fn an_extension_moves_the_end_of_a_lock(trial: Trial) {
    let (lock, marker) = (trial.key("#lock:a"), trial.key("#lock:marker"));
    let (token, _) = locked(&trial, &lock, SHORT).await;
    assert!(extend(&trial, &lock, token, LONG).await);
    locked(&trial, &marker, SHORT).await;
    eventually!("a marker of the first term ends", !is_held(&trial, &marker).await);
    assert!(is_held(&trial, &lock).await);
    assert!(extend(&trial, &lock, token, SHORT).await, "to an earlier end, too");
    eventually!("the lock ends", !is_held(&trial, &lock).await);
}

pub(super) async fn a_stranger_can_do_nothing_to_a_lock(trial: Trial) {
    let lock = trial.key("#lock:a");
    assert!(!unlock(&trial, &lock, Token::random()).await, "nor to one that is free");
    assert!(!extend(&trial, &lock, Token::random(), LONG).await);
    let (token, _) = locked(&trial, &lock, LONG).await;
    assert!(!unlock(&trial, &lock, Token::random()).await);
    assert!(!extend(&trial, &lock, Token::random(), LONG).await);
    assert!(is_held(&trial, &lock).await);
    assert!(unlock(&trial, &lock, token).await);
    assert!(!unlock(&trial, &lock, token).await, "a second time finds nothing");
    assert!(!is_held(&trial, &lock).await);
}

pub(super) async fn an_unlocking_is_told(trial: Trial) {
    let lock = trial.key("#lock:a");
    let (token, _) = locked(&trial, &lock, LONG).await;
    let mut watch = trial.watch(&lock).await;
    assert!(unlock(&trial, &lock, token).await);
    assert_eq!(soon("news of the lock", watch.changed()).await, Signal::Changed);
}

pub(super) async fn a_lock_is_no_key_to_a_sweep(trial: Trial) {
    let lock = trial.key("#lock:a");
    let (token, _) = locked(&trial, &lock, LONG).await;
    trial.store(&trial.key("a"), &draft("v")).await;
    let selection = Selection { glob: &trial.glob("*"), region: None, grace: LONG };
    assert_eq!(trial.backend.invalidate_matching(selection).await.expect("an invalidation"), 1);
    assert!(is_held(&trial, &lock).await);
    assert!(unlock(&trial, &lock, token).await);
}

pub(super) async fn hostile_lock_names_stay_apart(trial: Trial) {
    let names = ["a", "a ", "a\0", "*", "a\r\nb", "ä", "{a}"];
    let mut fences = BTreeSet::new();
    for name in names {
        fences.insert(locked(&trial, &trial.key(name), LONG).await.1);
    }
    assert!(!fences.contains(&0), "a fence is no zero");
}
