//! `Run`: starts the workers, torments them, stops them, and judges what they wrote down.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use jollycache_tests::RedisServer;
use jollycache_tests::history::Violation;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::chaos::{self, Done, interval};
use crate::log::Logs;
use crate::pace::{millis, pause};
use crate::worker::{Orders, VARIABLE};

const PROCESSES: usize = 3;
const BETWEEN_STOPS: Duration = Duration::from_millis(400);
const BETWEEN_KILLS: Duration = Duration::from_secs(3);
/// How long a worker may take to write its last lines, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many violations are shown in full.
const SHOWN: usize = 5;
/// The registers that are not ours.
const FOREIGN: [&str; 2] = ["naive", "locked"];

/// A run under preparation.
pub(crate) struct Run<'s> {
    server: &'s RedisServer,
    seed: u64,
    source: TempDir,
    logs: TempDir,
}

/// The processes, and the faults that they were exposed to.
struct Workers<'r> {
    run: &'r Run<'r>,
    rng: StdRng,
    running: Vec<Child>,
    started: u32,
    stops: u64,
    kills: u64,
}

impl<'s> Run<'s> {
    pub(crate) fn new(server: &'s RedisServer, seed: u64) -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        Run { server, seed, source: folder(), logs: folder() }
    }

    /// Runs for this long.
    pub(crate) async fn during(self, time: Duration) -> Report {
        let mut done = Done::default();
        let mut workers = Workers::start(&self);
        let (mut evictor, mut thief) = (self.server.client(), self.server.client());
        tokio::select! {
            () = pause(time) => {}
            () = chaos::evict(&mut evictor, self.seed ^ 1, &mut done.evicted) => {}
            () = chaos::steal(&mut thief, self.seed ^ 2, &mut done.stolen) => {}
            () = workers.torment() => {}
        }
        let (stops, kills) = (workers.stops, workers.kills);
        workers.finish().await;
        let logs = Logs::read(self.logs.path()).expect("the workers left their logs");
        Report { violations: logs.history.violations(), logs, done, stops, kills }
    }
}

impl<'r> Workers<'r> {
    fn start(run: &'r Run<'r>) -> Self {
        let rng = StdRng::seed_from_u64(run.seed);
        let mut workers = Workers { run, rng, running: Vec::new(), started: 0, stops: 0, kills: 0 };
        for _ in 0..PROCESSES {
            let child = workers.spawn();
            workers.running.push(child);
        }
        workers
    }

    fn spawn(&mut self) -> Child {
        let process = self.started;
        self.started += 1;
        let orders = Orders {
            process,
            seed: self.rng.random(),
            server: (Ipv4Addr::LOCALHOST, self.run.server.port()).into(),
            source: self.run.source.path().to_owned(),
            log: self.run.logs.path().join(process.to_string()),
        };
        Command::new(env::current_exe().expect("this binary has a path"))
            .args(["--ignored", "--exact", "work", "--nocapture"])
            .env(VARIABLE, orders.to_variable())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("this binary can be started")
    }

    /// Stops, continues, kills and replaces processes. Never ends by itself.
    async fn torment(&mut self) {
        let mut until_kill = interval(&mut self.rng, BETWEEN_KILLS);
        loop {
            let until_stop = interval(&mut self.rng, BETWEEN_STOPS);
            let stopped_for = millis(&mut self.rng, 20..700);
            pause(until_stop).await;
            let victim = self.rng.random_range(0..PROCESSES);
            signal(&self.running[victim], Signal::STOP);
            self.stops += 1;
            pause(stopped_for).await;
            until_kill = until_kill.saturating_sub(until_stop + stopped_for);
            if until_kill.is_zero() {
                // Dead in the middle of whatever it did when it was stopped.
                let next = self.spawn();
                let mut killed = std::mem::replace(&mut self.running[victim], next);
                killed.kill().await.expect("a worker can be killed");
                self.kills += 1;
                until_kill = interval(&mut self.rng, BETWEEN_KILLS);
            } else {
                signal(&self.running[victim], Signal::CONT);
            }
        }
    }

    /// Lets all end by themselves.
    async fn finish(self) {
        for mut worker in self.running {
            signal(&worker, Signal::CONT);
            drop(worker.stdin.take());
            let ended = tokio::time::timeout(PATIENCE, worker.wait()).await;
            let status =
                ended.expect("a worker ends when its input does").expect("a worker can be waited for");
            assert!(status.success(), "a worker failed: {status}");
        }
    }
}

fn signal(worker: &Child, signal: Signal) {
    let id = worker.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    kill_process(id.expect("a worker runs until it is stopped"), signal).expect("a worker gets signals");
}

/// What came out.
pub(crate) struct Report {
    logs: Logs,
    violations: Vec<Violation>,
    done: Done,
    stops: u64,
    kills: u64,
}

impl Report {
    /// The violations of one group of registers.
    fn of(&self, group: &str) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(move |violation| group_of(&violation.register) == group)
    }

    fn ours(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| !FOREIGN.contains(&group_of(&violation.register)))
    }

    /// # Panics
    /// When one of ours was violated, when a naive protocol was not, and when the run shows nothing: because the
    /// calls went around the cache, or nothing was overtaken.
    pub(crate) fn check(&self) {
        for violation in self.ours().take(SHOWN) {
            println!("{}", self.logs.history.around(violation));
        }
        assert_eq!(self.ours().count(), 0, "reads violate the contract; their histories are above");
        for protocol in FOREIGN {
            assert!(self.of(protocol).next().is_some(), "the {protocol} protocol was not seen to fail");
        }
        for counter in
            ["hits", "stale_reads", "fills", "refused_fills", "puts", "lease_waits", "flight_joins"]
        {
            assert!(self.logs.count(counter) > 0, "no {counter}: the load does not reach them");
        }
        let calls = self.logs.count("hits") + self.logs.count("stale_reads") + self.logs.count("misses");
        let errors = self.logs.count("backend_errors");
        assert!(
            errors * 20 < calls,
            "{errors} failed operations in {calls} reads: the backend was not tested"
        );
        assert!(self.done.evicted > 0 && self.done.stolen > 0 && self.stops > 0, "nothing was done to them");
    }
}

fn group_of(register: &str) -> &str {
    register.split_once('-').map_or(register, |(group, _)| group)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (register, reads, invalidations) in self.logs.history.sizes() {
            let sum = groups.entry(group_of(register)).or_default();
            *sum = (sum.0 + reads, sum.1 + invalidations);
        }
        writeln!(f, "{:<10} {:>9} {:>14} {:>11}", "", "reads", "invalidations", "violations")?;
        for (group, (reads, invalidations)) in groups {
            let violations = self.of(group).count();
            writeln!(f, "{group:<10} {reads:>9} {invalidations:>14} {violations:>11}")?;
        }
        writeln!(f, "ours: {} violations", self.ours().count())?;
        let Done { evicted, stolen } = self.done;
        writeln!(
            f,
            "done to them: {evicted} keys evicted, {stolen} leases stolen, {} stops, {} kills",
            self.stops, self.kills
        )?;
        for (name, count) in &self.logs.counters {
            write!(f, "{} {count}, ", name.replace('_', " "))?;
        }
        Ok(())
    }
}
