//! Rate limits: exact under contention, and all or nothing.

use std::time::Duration;

use super::trial::{LONG, SHORT, Trial, eventually, soon};
use crate::backend::{MAX_RATE_REQUESTS, RateMode, RateRequest, RateVerdict, Selection};
use crate::error::ErrorKind;
use crate::key::StoredKey;
use crate::protocol::{RateAlgorithm, RateRule};

const ALGORITHMS: [RateAlgorithm; 3] =
    [RateAlgorithm::SlidingLog, RateAlgorithm::SlidingCounter, RateAlgorithm::TokenBucket];

fn rule(algorithm: RateAlgorithm, quota: u64, window: Duration) -> RateRule {
    RateRule::new(algorithm, quota, window, quota).expect("a good rule")
}

/// A name of its own for each algorithm: one name is for one rule.
fn name(trial: &Trial, name: &str, algorithm: RateAlgorithm) -> StoredKey {
    trial.key(&format!("#rate:{name}:{algorithm:?}"))
}

async fn ask(trial: &Trial, asked: &[(&StoredKey, &RateRule, u64)], mode: RateMode) -> Vec<RateVerdict> {
    let requests: Vec<_> = asked.iter().map(|&(key, rule, cost)| RateRequest { key, rule, cost }).collect();
    trial.rate_limits().admit(&requests, mode).await.expect("verdicts")
}

async fn take(trial: &Trial, key: &StoredKey, rule: &RateRule, cost: u64) -> RateVerdict {
    ask(trial, &[(key, rule, cost)], RateMode::Take).await[0]
}

async fn look(trial: &Trial, key: &StoredKey, rule: &RateRule, cost: u64) -> RateVerdict {
    ask(trial, &[(key, rule, cost)], RateMode::Look).await[0]
}

pub(super) async fn a_limit_admits_its_quota_and_no_more(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 3, LONG));
        for left in [2, 1, 0] {
            let verdict = take(&trial, &key, &rule, 1).await;
            assert!(verdict.admitted && verdict.remaining == left, "{algorithm:?}: {verdict:?}");
            assert_eq!(verdict.retry_after, Some(Duration::ZERO), "{algorithm:?}");
        }
        for _ in 0..3 {
            let verdict = take(&trial, &key, &rule, 1).await;
            assert!(!verdict.admitted && verdict.remaining == 0, "{algorithm:?}: {verdict:?}");
            let wait = verdict.retry_after.expect("it will be admitted some time");
            assert!(wait > LONG / 6 && wait <= LONG * 2, "{algorithm:?}: {verdict:?}");
            assert!(verdict.reset_after >= wait && verdict.reset_after <= LONG * 2, "{verdict:?}");
        }
    }
}

pub(super) async fn of_many_who_ask_at_once_as_many_as_the_quota_are_admitted(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 20, LONG));
        let askers: Vec<_> = (0..100)
            .map(|_| {
                let (trial, key) = (trial.clone(), key.clone());
                tokio::spawn(async move { take(&trial, &key, &rule, 1).await.admitted })
            })
            .collect();
        let mut admitted = 0;
        for asker in askers {
            admitted += u64::from(asker.await.expect("a verdict"));
        }
        assert_eq!(admitted, 20, "{algorithm:?}");
    }
}

pub(super) async fn a_refusal_takes_nothing_from_the_other_limits(trial: Trial) {
    for algorithm in ALGORITHMS {
        let [wide, narrow] = ["wide", "narrow"].map(|limit| name(&trial, limit, algorithm));
        let (ten, one) = (rule(algorithm, 10, LONG), rule(algorithm, 1, LONG));
        let both = [(&wide, &ten, 1), (&narrow, &one, 1)];
        let first = ask(&trial, &both, RateMode::Take).await;
        assert_eq!(first.iter().map(|verdict| verdict.remaining).collect::<Vec<_>>(), [9, 0]);
        for _ in 0..5 {
            let refused = ask(&trial, &both, RateMode::Take).await;
            assert!(refused[0].admitted && !refused[1].admitted, "{algorithm:?}: {refused:?}");
            assert_eq!(refused[0].remaining, 9, "{algorithm:?}");
        }
        assert_eq!(look(&trial, &wide, &ten, 1).await.remaining, 9, "{algorithm:?}");
    }
}

pub(super) async fn limits_asked_together_in_any_order_are_exact(trial: Trial) {
    for algorithm in ALGORITHMS {
        let [one, other] = ["one", "other"].map(|limit| name(&trial, limit, algorithm));
        let rule = rule(algorithm, 15, LONG);
        let askers: Vec<_> = (0..60)
            .map(|turn| {
                let (trial, one, other) = (trial.clone(), one.clone(), other.clone());
                tokio::spawn(async move {
                    let [first, second] = if turn % 2 == 0 { [&one, &other] } else { [&other, &one] };
                    let asked = [(first, &rule, 1), (second, &rule, 1)];
                    ask(&trial, &asked, RateMode::Take).await.iter().all(|verdict| verdict.admitted)
                })
            })
            .collect();
        let mut admitted = 0;
        for asker in askers {
            admitted += u64::from(soon("neither waits for the other", asker).await.expect("a verdict"));
        }
        assert_eq!(admitted, 15, "{algorithm:?}");
    }
}

pub(super) async fn looking_takes_nothing(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 2, LONG));
        for _ in 0..5 {
            let verdict = look(&trial, &key, &rule, 2).await;
            assert!(verdict.admitted && verdict.remaining == 2, "{algorithm:?}: {verdict:?}");
        }
        assert!(take(&trial, &key, &rule, 2).await.admitted);
        let verdict = look(&trial, &key, &rule, 1).await;
        assert!(!verdict.admitted && verdict.retry_after > Some(Duration::ZERO), "{verdict:?}");
    }
}

pub(super) async fn a_cost_counts_as_so_many_requests(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 3_000, LONG));
        assert_eq!(take(&trial, &key, &rule, 2_500).await.remaining, 500, "{algorithm:?}");
        assert!(!take(&trial, &key, &rule, 501).await.admitted, "{algorithm:?}");
        assert_eq!(take(&trial, &key, &rule, 0).await.remaining, 500, "{algorithm:?}");
        assert_eq!(take(&trial, &key, &rule, 500).await.remaining, 0, "{algorithm:?}");
        assert!(take(&trial, &key, &rule, 0).await.admitted, "{algorithm:?}: nothing fits a full limit");
    }
}

pub(super) async fn a_cost_above_the_quota_is_never_admitted(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 3, LONG));
        for cost in [4, u64::MAX] {
            let verdict = take(&trial, &key, &rule, cost).await;
            assert!(!verdict.admitted && verdict.retry_after.is_none(), "{algorithm:?}: {verdict:?}");
            assert_eq!(verdict.remaining, 3, "{algorithm:?}");
        }
    }
}

pub(super) async fn what_was_taken_comes_back(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 2, SHORT));
        take(&trial, &key, &rule, 2).await;
        eventually!("all is free again", {
            let verdict = look(&trial, &key, &rule, 2).await;
            verdict.admitted && verdict.reset_after.is_zero()
        });
        assert!(take(&trial, &key, &rule, 2).await.admitted, "{algorithm:?}");
    }
}

pub(super) async fn limits_at_the_ends_of_their_ranges_count(trial: Trial) {
    for (algorithm, quota, window) in [
        (RateAlgorithm::SlidingLog, crate::protocol::MAX_LOG_QUOTA, crate::protocol::MAX_RATE_WINDOW),
        (RateAlgorithm::SlidingCounter, 840_000, crate::protocol::MAX_RATE_WINDOW),
        (RateAlgorithm::TokenBucket, 840_000, crate::protocol::MAX_RATE_WINDOW),
        (RateAlgorithm::SlidingCounter, 1 << 41, Duration::from_secs(1)),
        (RateAlgorithm::TokenBucket, 1 << 41, Duration::from_secs(1)),
    ] {
        let rule = rule(algorithm, quota, window);
        let key = trial.key(&format!("#rate:{algorithm:?}:{quota}"));
        let rest = take(&trial, &key, &rule, quota - 1).await;
        assert!(rest.admitted && rest.remaining >= 1, "{algorithm:?}: {rest:?}");
        if window > LONG {
            assert_eq!(take(&trial, &key, &rule, 1).await.remaining, 0, "{algorithm:?}");
            let refused = take(&trial, &key, &rule, 1).await;
            assert!(!refused.admitted && refused.reset_after <= 2 * window, "{algorithm:?}: {refused:?}");
        }
    }
}

pub(super) async fn hostile_rate_names_stay_apart(trial: Trial) {
    let rule = rule(RateAlgorithm::SlidingLog, 1, LONG);
    for hostile in ["#rate:a", "#rate:a:", "#rate:A", "#rate:a%0A", "#rate:*", "#rate:{a}"] {
        let key = trial.key(hostile);
        assert!(take(&trial, &key, &rule, 1).await.admitted, "{hostile:?}");
        assert!(!take(&trial, &key, &rule, 1).await.admitted, "{hostile:?}");
    }
}

pub(super) async fn a_deleted_rate_starts_anew(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 1, LONG));
        take(&trial, &key, &rule, 1).await;
        trial.keyspace().delete_raw(std::slice::from_ref(&key)).await.expect("a deletion");
        assert!(take(&trial, &key, &rule, 1).await.admitted, "{algorithm:?}");
    }
}

pub(super) async fn a_rate_is_no_key_to_a_sweep(trial: Trial) {
    for algorithm in ALGORITHMS {
        let (key, rule) = (name(&trial, "a", algorithm), rule(algorithm, 1, LONG));
        take(&trial, &key, &rule, 1).await;
        let glob = trial.glob("*");
        let all = Selection { glob: &glob, region: None, grace: Duration::ZERO };
        assert_eq!(trial.backend.invalidate_matching(all).await.expect("a sweep"), 0);
        assert!(trial.read(&key).await.is_none(), "a rate is no entry");
        assert!(!take(&trial, &key, &rule, 1).await.admitted, "{algorithm:?}");
    }
}

pub(super) async fn calls_that_cannot_be_meant_are_refused(trial: Trial) {
    let rule = rule(RateAlgorithm::SlidingLog, 5, LONG);
    let keys: Vec<_> = (0..=MAX_RATE_REQUESTS).map(|i| trial.key(&format!("#rate:{i}"))).collect();
    let request = |key| RateRequest { key, rule: &rule, cost: 1 };
    let most: Vec<_> = keys[..MAX_RATE_REQUESTS].iter().map(request).collect();
    assert_eq!(
        trial.rate_limits().admit(&most, RateMode::Take).await.expect("verdicts").len(),
        MAX_RATE_REQUESTS
    );
    assert!(trial.rate_limits().admit(&[], RateMode::Take).await.expect("no verdicts").is_empty());
    let twice = vec![request(&keys[0]), request(&keys[1]), request(&keys[0])];
    for wrong in [keys.iter().map(request).collect(), twice] {
        let error = trial.rate_limits().admit(&wrong, RateMode::Take).await.expect_err("too many");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert_eq!(look(&trial, &keys[0], &rule, 1).await.remaining, 4);
}
