//! Rate limits, on each backend, over processes, without a server, and before a service.

mod layer;
mod limiter;
mod outages;
mod processes;

use std::time::Duration;

use jollycache::Cache;
use jollycache::rate_limit::{Limit, RateAlgorithm, RateLimiter, RateLimiterBuilder};

/// Longer than any test runs.
const LONG: Duration = Duration::from_hours(24 * 7);
const ALGORITHMS: [RateAlgorithm; 3] =
    [RateAlgorithm::SlidingLog, RateAlgorithm::SlidingCounter, RateAlgorithm::TokenBucket];

/// A limit named after its algorithm.
fn limit(algorithm: RateAlgorithm, quota: u64) -> Limit {
    let name = match algorithm {
        RateAlgorithm::SlidingLog => "log",
        RateAlgorithm::SlidingCounter => "counter",
        _ => "bucket",
    };
    Limit::new(quota, LONG).algorithm(algorithm).name(name)
}

fn limiter(cache: &Cache, limits: impl IntoIterator<Item = Limit>) -> RateLimiter {
    let builder = limits.into_iter().fold(RateLimiter::builder(cache), RateLimiterBuilder::limit);
    builder.build().expect("good limits")
}

/// Asks `asks` times at once, and counts what passes.
async fn passed_at_once(limiter: &RateLimiter, subject: &'static str, asks: usize) -> usize {
    let asking: Vec<_> = (0..asks)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.check(subject).await })
        })
        .collect();
    let mut passed = 0;
    for decision in asking {
        let decision = decision.await.unwrap();
        assert!(!decision.degraded, "the store answers: {decision:?}");
        passed += usize::from(decision.allowed);
    }
    passed
}
