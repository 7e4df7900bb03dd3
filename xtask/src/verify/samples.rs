//! How long answers took.

use std::collections::BTreeMap;
use std::time::Duration;

/// Times by kind of request.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    times: BTreeMap<&'static str, Vec<Duration>>,
}

/// The times of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) kind: &'static str,
    pub(crate) count: usize,
    pub(crate) median: Duration,
    pub(crate) p95: Duration,
}

impl Samples {
    pub(crate) fn add(&mut self, kind: &'static str, took: Duration) {
        self.times.entry(kind).or_default().push(took);
    }

    pub(crate) fn summaries(mut self) -> Vec<Summary> {
        let summary = |(kind, times): (&&'static str, &mut Vec<Duration>)| {
            times.sort_unstable();
            Some(Summary {
                kind,
                count: times.len(),
                median: quantile(times, 50)?,
                p95: quantile(times, 95)?,
            })
        };
        self.times.iter_mut().filter_map(summary).collect()
    }
}

/// The smallest of `sorted` that `percent` of them do not exceed.
fn quantile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks() {
        let times: Vec<_> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 50), Some(Duration::from_millis(10)));
        assert_eq!(quantile(&times, 95), Some(Duration::from_millis(19)));
        assert_eq!(quantile(&times[..1], 95), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&[], 95), None);
    }
}
