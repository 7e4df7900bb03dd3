//! Watches: signals of a key reach the watches that began before.

use std::time::Duration;

use super::trial::{LONG, REGION, Trial, draft, soon};
use crate::backend::{Selection, Signal, Watch, WriteEnd};
use crate::entry::Token;

async fn news(watch: &mut Watch) -> Signal {
    soon("news of the key", watch.changed()).await
}

pub(super) async fn a_fill_is_told(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    let mut watch = trial.watch(&key).await;
    assert!(trial.fill(&key, token, "v").await);
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

pub(super) async fn a_store_is_told(trial: Trial) {
    let key = trial.key("a");
    let mut watch = trial.watch(&key).await;
    trial.store(&key, &draft("v")).await;
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

pub(super) async fn an_invalidation_is_told(trial: Trial) {
    let (value, leased) = (trial.key("value"), trial.key("leased"));
    trial.store(&value, &draft("v")).await;
    trial.leased(&leased).await;
    for key in [value, leased] {
        let mut watch = trial.watch(&key).await;
        trial.invalidate(&key).await;
        assert_eq!(news(&mut watch).await, Signal::Changed);
    }
}

pub(super) async fn an_invalidation_by_scan_is_told(trial: Trial) {
    let key = trial.key("list:1");
    trial.leased(&key).await;
    let mut watch = trial.watch(&key).await;
    let selection = Selection { glob: &trial.glob("list:*"), region: None, grace: Duration::ZERO };
    trial.backend.invalidate_matching(selection).await.expect("an invalidation");
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

pub(super) async fn a_release_is_told_as_a_failure(trial: Trial) {
    let key = trial.key("a");
    let token = trial.leased(&key).await;
    let mut watch = trial.watch(&key).await;
    assert!(trial.release(&key, token).await);
    assert_eq!(news(&mut watch).await, Signal::Failed);
}

pub(super) async fn a_write_is_told(trial: Trial) {
    let (key, writer) = (trial.key("a"), Token::random());
    trial.leased(&key).await;
    let mut watch = trial.watch(&key).await;
    trial.backend.begin_write(&key, REGION, writer, LONG).await.expect("an intent");
    assert_eq!(news(&mut watch).await, Signal::Changed, "the lease it waited for is gone");
    let mut watch = trial.watch(&key).await;
    assert!(trial.backend.end_write(&key, writer, WriteEnd::Put(&draft("v"))).await.expect("an end"));
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

pub(super) async fn news_of_another_key_is_not_told(trial: Trial) {
    let (key, other) = (trial.key("a"), trial.key("ab"));
    let token = trial.leased(&key).await;
    let mut watch = trial.watch(&key).await;
    trial.store(&other, &draft("v")).await;
    let mut other_watch = trial.watch(&other).await;
    trial.invalidate(&other).await;
    assert_eq!(news(&mut other_watch).await, Signal::Changed);
    assert!(trial.release(&key, token).await);
    assert_eq!(news(&mut watch).await, Signal::Failed, "the first news is its own");
}

pub(super) async fn all_watchers_of_a_key_are_told(trial: Trial) {
    let key = trial.key("a");
    let mut watches = Vec::new();
    for _ in 0..50 {
        watches.push(trial.watch(&key).await);
    }
    trial.store(&key, &draft("v")).await;
    for watch in &mut watches {
        assert_eq!(news(watch).await, Signal::Changed);
    }
}

pub(super) async fn a_watch_can_be_used_again(trial: Trial) {
    let key = trial.key("a");
    let mut watch = trial.watch(&key).await;
    trial.store(&key, &draft("v")).await;
    assert_eq!(news(&mut watch).await, Signal::Changed);
    trial.invalidate(&key).await;
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

pub(super) async fn a_key_can_be_watched_after_a_watch_was_dropped(trial: Trial) {
    let key = trial.key("a");
    let kept = trial.watch(&key).await;
    drop(trial.watch(&key).await);
    drop(kept);
    let mut watch = trial.watch(&key).await;
    trial.store(&key, &draft("v")).await;
    assert_eq!(news(&mut watch).await, Signal::Changed);
}
