//! Named steps, each with its duration and outcome, and the summary of them.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How a step ended well.
#[derive(Debug)]
pub(crate) enum Done {
    /// It did all of its work.
    Ok,
    /// It did nothing, and that is allowed here.
    Skipped,
}

/// The steps of one run, in order. A failed step does not stop the next ones, so that one run shows all that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    ended: Vec<(String, &'static str, Duration)>,
}

impl Steps {
    /// Runs a step and records how it ended.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Done>) {
        println!("\n==> {name}");
        let stopwatch = Stopwatch::start();
        let ended = step();
        self.record(name, stopwatch.elapsed(), ended);
    }

    /// Records a step that ran elsewhere.
    pub(crate) fn record(&mut self, name: &str, took: Duration, ended: Result<Done>) {
        let outcome = match ended {
            Ok(Done::Ok) => "ok",
            Ok(Done::Skipped) => "skipped",
            Err(error) => {
                eprintln!("error: {name}: {error:#}");
                "FAILED"
            }
        };
        println!("<== {name}: {outcome} in {:.1} s", took.as_secs_f64());
        self.ended.push((name.to_owned(), outcome, took));
    }

    /// Prints every step's outcome.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn summary(self, total: Duration) -> Result<()> {
        println!("\n==> summary");
        for (name, outcome, took) in &self.ended {
            println!("{outcome:>8}  {:>7.1} s  {name}", took.as_secs_f64());
        }
        println!("   total  {:>7.1} s", total.as_secs_f64());
        let failed: Vec<&str> = self
            .ended
            .iter()
            .filter(|(_, outcome, _)| *outcome == "FAILED")
            .map(|(name, ..)| name.as_str())
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        println!("all steps passed");
        Ok(())
    }
}

/// Time since a start.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "durations of steps for people; no logic depends on them")]
    pub(crate) fn start() -> Self {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
