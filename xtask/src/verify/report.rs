//! `Report`: what each check came to, with a bar for its time, and the tables below.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::samples::Samples;
use crate::steps::Stopwatch;

/// How long the longest bar is.
const BAR: u32 = 24;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The check passed, with its observation.
    Passed(String),
    /// The service works as it does without its cache; with the observation.
    Degraded(String),
}

/// What all checks came to, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Passed,
    Degraded,
    Failed,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    verdict: Verdict,
    seen: String,
    took: Duration,
}

/// The checks that ran.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    samples: Samples,
    regions: Vec<(String, f64, u64)>,
}

impl Report {
    /// Runs a check; a failure does not stop the next ones.
    pub(crate) fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<Outcome>) {
        let stopwatch = Stopwatch::start();
        let (verdict, seen) = match check() {
            Ok(Outcome::Passed(seen)) => (Verdict::Passed, seen),
            Ok(Outcome::Degraded(seen)) => (Verdict::Degraded, seen),
            Err(error) => (Verdict::Failed, format!("{error:#}")),
        };
        self.lines.push(Line { name, verdict, seen, took: stopwatch.elapsed() });
    }

    /// Adds what the requests took.
    pub(crate) fn timed(&mut self, samples: Samples) {
        self.samples = samples;
    }

    /// Adds the hit rates out of the service's statistics.
    pub(crate) fn hit_rates(&mut self, stats: &Value) {
        let regions = stats["regions"].as_object().into_iter().flatten();
        self.regions = regions
            .map(|(name, region)| {
                let count = |field: &str| region[field].as_u64().unwrap_or_default();
                let reads = count("hits") + count("misses") + count("stale_reads");
                (name.clone(), region["hit_rate"].as_f64().unwrap_or_default(), reads)
            })
            .filter(|(_, _, reads)| *reads > 0)
            .collect();
    }

    /// The worst of all checks.
    pub(crate) fn verdict(&self) -> Verdict {
        self.lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Failed)
    }

    /// Prints the report. A reader that closes the pipe early does not change the verdict.
    pub(crate) fn print(self, url: &str) {
        let mut out = io::stdout().lock();
        let verdict = self.verdict();
        let _ = writeln!(out, "\n{url}");
        let longest = self.lines.iter().map(|line| line.took).max().unwrap_or_default();
        for Line { name, verdict, seen, took } in &self.lines {
            let (mark, bar) = (verdict.word(), bar(*took, longest));
            let _ = writeln!(out, "  {mark:<8}  {name:<22} {:>9}  {bar:<24}  {seen}", millis(*took));
        }
        let _ = writeln!(out, "\n  {:<22} {:>8} {:>9} {:>9}", "requests", "count", "p50", "p95");
        for summary in self.samples.summaries() {
            let (median, p95) = (millis(summary.median), millis(summary.p95));
            let _ = writeln!(out, "  {:<22} {:>8} {median:>9} {p95:>9}", summary.kind, summary.count);
        }
        let _ = writeln!(out, "\n  {:<22} {:>8} {:>9}", "region", "reads", "hit rate");
        for (name, rate, reads) in &self.regions {
            let _ = writeln!(out, "  {name:<22} {reads:>8} {:>8.1}%  {}", rate * 100.0, share(*rate));
        }
        let _ = writeln!(out, "\n  {}", verdict.sentence());
    }
}

impl Verdict {
    /// 0 if all is well, 2 without the cache, 1 if something is wrong.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Verdict::Passed => 0,
            Verdict::Failed => 1,
            Verdict::Degraded => 2,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "ok",
            Verdict::Degraded => "degraded",
            Verdict::Failed => "FAILED",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Verdict::Passed => "everything is as it should be",
            Verdict::Degraded => "the service answers, without its cache",
            Verdict::Failed => "something is wrong",
        }
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn bar(part: Duration, whole: Duration) -> String {
    share(part.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE))
}

/// A bar of at least one block, so that it is seen.
fn share(share: f64) -> String {
    let half_block = 0.5 / f64::from(BAR);
    let reached = |block: &u32| f64::from(*block) / f64::from(BAR) <= share + half_block;
    "█".repeat((1..=BAR).filter(reached).count().max(1))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_worst_check_decides() {
        let mut report = Report::default();
        assert_eq!(report.verdict(), Verdict::Failed, "nothing was checked");
        report.check("one", || Ok(Outcome::Passed(String::new())));
        assert_eq!(report.verdict(), Verdict::Passed);
        report.check("two", || Ok(Outcome::Degraded(String::new())));
        assert_eq!(report.verdict(), Verdict::Degraded);
        report.check("three", || bail!("no"));
        assert_eq!(report.verdict(), Verdict::Failed);
    }

    #[test]
    fn bars_are_shares_of_the_longest() {
        assert_eq!(share(1.0).chars().count(), 24);
        assert_eq!(share(0.5).chars().count(), 12);
        assert_eq!(bar(Duration::ZERO, Duration::ZERO).chars().count(), 1);
    }
}
