//! Interleaved rounds: each contender runs once per round, and is compared with the baseline of the same round.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::report;

/// How long comparisons take.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    pub rounds: usize,
    /// The time that a contender runs per round.
    pub round: Duration,
}

type Batch<'a> = Box<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<Duration>> + 'a>> + 'a>;

/// One side of a comparison.
pub struct Contender<'a> {
    name: &'static str,
    batch: Batch<'a>,
}

impl<'a> Contender<'a> {
    /// A contender that runs a number of operations and returns the time they took.
    pub fn new<F>(name: &'static str, batch: impl Fn(u64) -> F + 'a) -> Self
    where
        F: Future<Output = Result<Duration>> + 'a,
    {
        Contender { name, batch: Box::new(move |operations| Box::pin(batch(operations))) }
    }

    /// A contender whose operation is a synchronous function; an asynchronous one would measure its future, too.
    pub fn blocking(name: &'static str, operation: impl Fn(u64) + 'a) -> Self {
        let operation = std::rc::Rc::new(operation);
        Contender::new(name, move |operations| {
            let operation = operation.clone();
            async move {
                let start = Instant::now();
                (0..operations).for_each(|number| operation(number));
                Ok(start.elapsed())
            }
        })
    }

    /// The operations that take about `round`. Also warms up.
    async fn calibrate(&self, round: Duration) -> Result<u64> {
        let mut operations = 64;
        loop {
            let took = (self.batch)(operations).await?.max(Duration::from_nanos(1));
            if took * 4 >= round {
                let scaled = u128::from(operations) * round.as_nanos() / took.as_nanos();
                return Ok(u64::try_from(scaled)?.max(1));
            }
            operations *= 4;
        }
    }
}

/// A contender's results.
#[derive(Debug)]
pub struct Measured {
    pub name: &'static str,
    /// Seconds per operation, by round.
    pub per_operation: Vec<f64>,
}

/// Compares contenders; the first one is the baseline. Prints a table.
pub async fn compare(title: &str, length: &Length, contenders: &[Contender<'_>]) -> Result<()> {
    let mut operations = Vec::with_capacity(contenders.len());
    for contender in contenders {
        operations.push(contender.calibrate(length.round).await?);
    }
    let mut measured: Vec<_> = contenders
        .iter()
        .map(|contender| Measured { name: contender.name, per_operation: Vec::with_capacity(length.rounds) })
        .collect();
    for round in 0..length.rounds {
        // Another one begins each round, so that none always runs after the same other.
        for at in (0..contenders.len()).map(|at| (at + round) % contenders.len()) {
            let took = (contenders[at].batch)(operations[at]).await?;
            #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
            measured[at].per_operation.push(took.as_secs_f64() / operations[at] as f64);
        }
    }
    report::print_table(title, &measured);
    Ok(())
}
