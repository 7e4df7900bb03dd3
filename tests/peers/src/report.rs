//! What is printed: the environment, and one table per comparison.

use std::process::Command;

use crate::harness::Measured;

/// The lock file has the versions that were built.
const LOCK: &str = include_str!("../Cargo.lock");
/// The packages whose versions are printed.
const PACKAGES: [&str; 9] =
    ["cached", "foyer", "fred", "hitbox", "hitbox-redis", "jollycache", "moka", "quick_cache", "redis"];

/// Prints the machine and all versions, without which the figures mean nothing.
pub fn print_environment() {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("machine: {} × {cores}, load {}", model.trim_matches([' ', '\t', ':']), load.trim());
    println!("redis:   {}", first_line("redis-server", "--version"));
    println!("rust:    {}", first_line("rustc", "--version"));
    println!("crates:  {}", PACKAGES.map(version).join(", "));
    println!("ratio:   median over the rounds of the contender's time to the baseline's (least … greatest)");
}

/// Prints a comparison; the first contender is the baseline.
pub fn print_table(title: &str, measured: &[Measured]) {
    let Some(baseline) = measured.first() else { return };
    println!("\n{title}\n\n| | time per operation | ratio |\n|---|---|---|");
    for contender in measured {
        let pairs = contender.per_operation.iter().zip(&baseline.per_operation);
        let ratios = sorted(pairs.map(|(time, base)| time / base));
        let times = sorted(contender.per_operation.iter().copied());
        let (least, greatest) = (ratios.first().unwrap_or(&1.0), ratios.last().unwrap_or(&1.0));
        let ratio = format!("{:.2} ({least:.2} … {greatest:.2})", median(&ratios));
        println!("| {} | {} | {ratio} |", contender.name, time(median(&times)));
    }
}

/// Seconds in a readable unit.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} µs", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn version(package: &str) -> String {
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = LOCK.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
    format!("{package} {}", version.unwrap_or("?"))
}

fn first_line(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
