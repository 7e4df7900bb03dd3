//! 10,000 concurrent callers of one cold key, 2,500 in each of 4 processes, whose load takes 50 ms.
//!
//! Printed is how often the source was loaded, and how long after the load's 50 ms the callers had the value. moka collapses
//! the callers of each process; the 10-line GET, load and SET collapses none.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use jollycache::{Cache, Policy, RedisBackend};
use redis::aio::MultiplexedConnection;

use crate::harness::Length;
use crate::report;
use crate::work::{self, CONNECTIONS};

const PROCESSES: usize = 4;
const CALLERS: usize = 2_500;
const LOAD: Duration = Duration::from_millis(50);
/// The time between the order to start and the start, so that all processes are ready.
const LEAD: Duration = Duration::from_millis(100);
/// Rounds, whatever the length: each takes a fraction of a second.
const ROUNDS: usize = 3;
const CONTENDERS: [&str; 3] =
    ["JollyCache", "moka, get_with in each process", "redis by hand, GET, load, SET"];

pub fn run(_: &Length) -> Result<()> {
    let server = work::server()?;
    let mut workers = (0..PROCESSES).map(|_| Worker::start(&server.url())).collect::<Result<Vec<_>>>()?;
    println!("\n10,000 callers of one cold key in {PROCESSES} processes, a load of {LOAD:?}\n");
    println!("| | loads | p50 past the load | p99 past the load |\n|---|---|---|---|");
    let mut source = server.client();
    for (contender, name) in CONTENDERS.iter().enumerate() {
        let (mut loads, mut past) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            redis::cmd("DEL").arg("loads").exec(&mut source)?;
            past.extend(round_of(&mut workers, contender, round)?);
            loads.push(redis::cmd("GET").arg("loads").query::<Option<u64>>(&mut source)?.unwrap_or(0));
        }
        past.sort_by(f64::total_cmp);
        let at = |percent: usize| report::time(past[(past.len() - 1) * percent / 100]);
        let loads = loads.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        println!("| {name} | {loads} | {} | {} |", at(50), at(99));
    }
    Ok(())
}

/// One round of a contender: the seconds that each caller waited beyond the load.
fn round_of(workers: &mut [Worker], contender: usize, round: usize) -> Result<Vec<f64>> {
    let start = SystemTime::now() + LEAD;
    let start = start.duration_since(UNIX_EPOCH)?.as_millis();
    for worker in workers.iter_mut() {
        writeln!(worker.orders, "{contender} cold:{contender}:{round} {start}")?;
    }
    let mut past = Vec::with_capacity(PROCESSES * CALLERS);
    for worker in workers {
        let mut line = String::new();
        worker.results.read_line(&mut line)?;
        for waited in line.split_whitespace() {
            past.push(waited.parse::<f64>()? - LOAD.as_secs_f64());
        }
    }
    Ok(past)
}

/// A process of its own, which ends with its standard input.
struct Worker {
    child: Child,
    orders: ChildStdin,
    results: BufReader<ChildStdout>,
}

impl Worker {
    fn start(url: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["crowd-worker", url]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let orders = child.stdin.take().context("no standard input")?;
        let results = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Worker { child, orders, results })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs one process of the crowd: reads orders from its standard input and prints what each caller waited.
pub fn worker(url: &str) -> Result<()> {
    let runtime = work::runtime(true)?;
    let crowd = runtime.block_on(Crowd::new(url))?;
    for order in std::io::stdin().lines() {
        let order = order?;
        let mut words = order.split_whitespace();
        let contender = words.next().context("an order without a contender")?.parse()?;
        let key = words.next().context("an order without a key")?.to_owned();
        let start =
            UNIX_EPOCH + Duration::from_millis(words.next().context("an order without a start")?.parse()?);
        let waited = runtime.block_on(crowd.clone().call_all(contender, key, start))?;
        println!("{}", waited.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}

#[derive(Clone)]
struct Crowd {
    cache: Cache,
    moka: moka::future::Cache<String, u64>,
    bare: Arc<Vec<MultiplexedConnection>>,
}

impl Crowd {
    async fn new(url: &str) -> Result<Self> {
        let client = redis::Client::open(url)?;
        let mut bare = Vec::new();
        for _ in 0..CONNECTIONS {
            bare.push(client.get_multiplexed_async_connection().await?);
        }
        let backend = RedisBackend::builder(url).connections(CONNECTIONS).build()?;
        let cache = Cache::builder().namespace("peers").backend(backend).build()?;
        // Connected before the first order.
        cache.exists("warm").await?;
        Ok(Crowd { cache, moka: moka::future::Cache::new(1_000), bare: Arc::new(bare) })
    }

    async fn call_all(self, contender: usize, key: String, start: SystemTime) -> Result<Vec<f64>> {
        let delay = start.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(delay).await;
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                let (crowd, key) = (self.clone(), key.clone());
                tokio::spawn(async move {
                    let start = Instant::now();
                    crowd.call(contender, key, number).await?;
                    anyhow::Ok(start.elapsed().as_secs_f64())
                })
            })
            .collect();
        let mut waited = Vec::with_capacity(CALLERS);
        for caller in callers {
            waited.push(caller.await??);
        }
        Ok(waited)
    }

    async fn call(&self, contender: usize, key: String, number: usize) -> Result<u64> {
        match contender {
            0 => {
                let policy = Policy::new().ttl(Duration::from_secs(60));
                Ok(self.cache.get_or_load(key, &policy, async || self.load().await).await?)
            }
            1 => Ok(self
                .moka
                .try_get_with(key, self.load())
                .await
                .map_err(|error| anyhow::anyhow!("{error}"))?),
            _ => self.by_hand(&key, number).await,
        }
    }

    /// The source: takes [`LOAD`] and counts.
    async fn load(&self) -> Result<u64, redis::RedisError> {
        tokio::time::sleep(LOAD).await;
        redis::cmd("INCR").arg("loads").query_async(&mut self.bare[0].clone()).await
    }

    async fn by_hand(&self, key: &str, number: usize) -> Result<u64> {
        let mut connection = self.bare[number % CONNECTIONS].clone();
        if let Some(found) = redis::cmd("GET").arg(key).query_async(&mut connection).await? {
            return Ok(found);
        }
        let value = self.load().await?;
        redis::cmd("SET").arg(key).arg(value).arg("EX").arg(60).exec_async(&mut connection).await?;
        Ok(value)
    }
}
