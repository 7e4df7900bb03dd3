//! A history of several processes on a real server, with everything done to them that may happen, is checked against
//! contract C1 (docs/semantics.md).
//!
//! The test starts processes of its own binary as workers. `JOLLYCACHE_HISTORY_SECONDS` (default 20) is how long they
//! run, `JOLLYCACHE_HISTORY_SEED` repeats a run's chances, though not its timing.

mod chaos;
mod coordinator;
mod foreign;
mod line;
mod log;
mod pace;
mod shop;
mod source;
mod worker;

use std::env;
use std::io::Write;
use std::time::Duration;

use jollycache_tests::RedisServer;

use crate::coordinator::Run;
use crate::worker::{Orders, VARIABLE};

const DEFAULT_SECONDS: u64 = 20;

/// Prints past the capture of test output, because the figures matter in passing runs, too.
fn print(text: &str) {
    // A closed standard error must not fail the test.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn from_environment(name: &str) -> Option<u64> {
    env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?}: expected a number")))
}

#[tokio::test]
async fn nobody_reads_what_was_invalidated_before_and_the_naive_protocols_do() {
    let Some(server) = RedisServer::start() else { return };
    let seconds = from_environment("JOLLYCACHE_HISTORY_SECONDS").unwrap_or(DEFAULT_SECONDS);
    let seed = from_environment("JOLLYCACHE_HISTORY_SEED").unwrap_or_else(rand::random);
    print(&format!("{seconds} s with JOLLYCACHE_HISTORY_SEED={seed}"));
    let report = Run::new(&server, seed).during(Duration::from_secs(seconds)).await;
    print(&report.to_string());
    report.check();
}

/// What the other test starts in processes of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the history test"]
async fn work() {
    if let Ok(orders) = env::var(VARIABLE) {
        worker::run(Orders::from_variable(&orders).expect("orders")).await;
    }
}
