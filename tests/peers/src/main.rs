//! JollyCache against other caches and bare clients, on the same work and in the same run.
//!
//! `cargo xtask bench --peers`. Each comparison runs all contenders in turn, round by round, and prints the median of the
//! rounds' ratios: what else runs on the machine slows down all contenders of a round alike.

mod breaker;
mod crowd;
mod harness;
mod many;
mod memory;
mod pattern;
mod redis_hit;
mod report;
mod work;
mod write;

// The fixture of the tests by its source: the package of the tests would bring its database and browser drivers.
#[path = "../../src/missing.rs"]
#[allow(dead_code, reason = "the benchmarks need a part of it")]
mod missing;
#[path = "../../src/ports.rs"]
#[allow(dead_code, reason = "the benchmarks need a part of it")]
mod ports;
#[path = "../../src/redis_server.rs"]
#[allow(dead_code, reason = "the benchmarks need a part of it")]
mod redis_server;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::harness::Length;

/// Benchmarks of JollyCache against its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench --peers")]
struct Cli {
    /// Rounds per comparison. More rounds give a steadier median.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Milliseconds that each contender runs per round.
    #[arg(long, default_value_t = 100)]
    round_ms: u64,
    /// Run the groups whose name contains this text only; may be repeated. The groups are memory, redis-hit, many, write,
    /// pattern, crowd and breaker.
    #[arg(long)]
    only: Vec<String>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One process of the comparison `crowd`.
    #[command(hide = true)]
    CrowdWorker {
        /// The server's URL.
        url: String,
    },
}

/// Runs one group of comparisons.
type Run = fn(&Length) -> Result<()>;

const COMPARISONS: [(&str, Run); 7] = [
    ("memory", memory::run),
    ("redis-hit", redis_hit::run),
    ("many", many::run),
    ("write", write::run),
    ("pattern", pattern::run),
    ("crowd", crowd::run),
    ("breaker", breaker::run),
];

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Some(Role::CrowdWorker { url }) = &cli.role {
        return crowd::worker(url);
    }
    let length = Length { rounds: cli.rounds.max(1), round: Duration::from_millis(cli.round_ms.max(1)) };
    report::print_environment();
    for (name, run) in COMPARISONS {
        if cli.only.is_empty() || cli.only.iter().any(|part| name.contains(part.as_str())) {
            run(&length)?;
        }
    }
    Ok(())
}
