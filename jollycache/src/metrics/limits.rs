//! `Limiters`: the decisions of rate limiters since the last publication.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Label, SharedString, counter};

use crate::rate_limit::{LimitStats, RateLimiter};

/// The index of a limiter, and the name of one of its limits.
type Place = (usize, Arc<str>);

/// Limiters, and the last published counts of each of their limits: allowed, limited, degraded.
#[derive(Debug, Default)]
pub(super) struct Limiters {
    limiters: Vec<RateLimiter>,
    published: Mutex<HashMap<Place, [u64; 3]>>,
}

impl Limiters {
    pub(super) fn add(&mut self, limiter: RateLimiter) {
        self.limiters.push(limiter);
    }

    pub(super) fn emit(&self, common: &[Label]) {
        for (limit, [allowed, limited, degraded]) in self.changes() {
            let labels = |outcome: Option<&'static str>| {
                let own = outcome.map(|outcome| Label::from_static_parts("outcome", outcome));
                let limit = Label::new("limit", SharedString::from_shared(limit.clone()));
                common.iter().cloned().chain([limit]).chain(own).collect::<Vec<_>>()
            };
            let decisions = "jollycache_rate_limit_decisions_total";
            counter!(decisions, labels(Some("allowed"))).increment(allowed);
            counter!(decisions, labels(Some("limited"))).increment(limited);
            counter!("jollycache_rate_limit_degraded_total", labels(None)).increment(degraded);
        }
    }

    /// The increases since the last publication. No recorder is called here, because a lock is held.
    fn changes(&self) -> Vec<(Arc<str>, [u64; 3])> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = self
            .limiters
            .iter()
            .enumerate()
            .flat_map(|(place, limiter)| limiter.stats().into_iter().map(move |stats| (place, stats)));
        let changes = stats.map(|(place, LimitStats { name, allowed, limited, degraded, .. })| {
            let now = [allowed, limited, degraded];
            let before = published.insert((place, name.clone()), now).unwrap_or_default();
            (name, std::array::from_fn(|count| now[count].saturating_sub(before[count])))
        });
        changes.collect()
    }
}
