//! Counters.

use std::collections::HashSet;

use super::trial::{LONG, SHORT, Trial, eventually};
use crate::error::ErrorKind;
use crate::key::StoredKey;

async fn add(trial: &Trial, counter: &StoredKey, delta: i64) -> i64 {
    trial.counters().add(counter, delta, None).await.expect("a sum")
}

pub(super) async fn a_counter_starts_at_zero(trial: Trial) {
    let counter = trial.key("#counter:c");
    assert_eq!(add(&trial, &counter, 0).await, 0);
    assert_eq!(add(&trial, &counter, 5).await, 5);
    assert_eq!(add(&trial, &counter, 1).await, 6);
    assert_eq!(add(&trial, &trial.key("#counter:d"), 1).await, 1);
}

pub(super) async fn a_counter_counts_down(trial: Trial) {
    let counter = trial.key("#counter:c");
    assert_eq!(add(&trial, &counter, -3).await, -3);
    assert_eq!(add(&trial, &counter, 1).await, -2);
}

pub(super) async fn counting_at_once_loses_nothing(trial: Trial) {
    let counter = trial.key("#counter:c");
    let counting: Vec<_> = (0..100)
        .map(|_| {
            let (trial, counter) = (trial.clone(), counter.clone());
            tokio::spawn(async move { add(&trial, &counter, 1).await })
        })
        .collect();
    let mut sums = HashSet::new();
    for count in counting {
        sums.insert(count.await.expect("a sum"));
    }
    assert_eq!(sums, (1..=100).collect());
}

pub(super) async fn a_counter_is_exact_at_the_end_of_its_range(trial: Trial) {
    let counter = trial.key("#counter:c");
    assert_eq!(add(&trial, &counter, i64::MAX - 1).await, i64::MAX - 1);
    assert_eq!(add(&trial, &counter, 1).await, i64::MAX);
    let counter = trial.key("#counter:d");
    assert_eq!(add(&trial, &counter, i64::MIN + 1).await, i64::MIN + 1);
    assert_eq!(add(&trial, &counter, -1).await, i64::MIN);
}

async fn assert_stays(trial: &Trial, from: i64, delta: i64) {
    let counter = trial.key("#counter:c");
    add(trial, &counter, from).await;
    let error = trial.counters().add(&counter, delta, None).await.expect_err("an overflow");
    assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
    assert_eq!(add(trial, &counter, 0).await, from);
}

pub(super) async fn a_counter_that_would_overflow_stays(trial: Trial) {
    assert_stays(&trial, i64::MAX, 1).await;
}

pub(super) async fn a_counter_that_would_underflow_stays(trial: Trial) {
    assert_stays(&trial, i64::MIN, -1).await;
}

pub(super) async fn a_lifetime_is_set_when_the_counter_is_made(trial: Trial) {
    let counter = trial.key("#counter:c");
    assert_eq!(trial.counters().add(&counter, 1, Some(SHORT)).await.expect("a sum"), 1);
    // A longer lifetime on a counter that is there changes nothing, so it ends all the same.
    eventually!("the counter starts again", {
        trial.counters().add(&counter, 1, Some(LONG)).await.expect("a sum") == 1
    });
}

pub(super) async fn a_counter_without_a_lifetime_gets_none_later(trial: Trial) {
    let (counter, marker) = (trial.key("#counter:c"), trial.key("#counter:marker"));
    add(&trial, &counter, 1).await;
    trial.counters().add(&counter, 1, Some(SHORT)).await.expect("a sum");
    trial.counters().add(&marker, 1, Some(SHORT)).await.expect("a sum");
    eventually!("the marker of that lifetime starts again", {
        trial.counters().add(&marker, 1, Some(LONG)).await.expect("a sum") == 1
    });
    assert_eq!(add(&trial, &counter, 1).await, 3);
}
