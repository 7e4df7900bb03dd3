//! Processes that stop: this one's clients, and the server.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use jollycache_outside::source::Record;
use jollycache_outside::wait::{bounded, until};
use rand::RngExt;
use redis::Commands;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

const KEYS: usize = 4;
/// Where a child finds the cache's server and the source's.
const CACHE_URL: &str = "JOLLYCACHE_OUTSIDE_CACHE";
const SOURCE_URL: &str = "JOLLYCACHE_OUTSIDE_SOURCE";
/// How long a child reads.
const CHILD: Duration = Duration::from_secs(6);

fn cache(url: &str) -> Cache {
    let backend = RedisBackend::builder(url).build().expect("a backend");
    let policy = Policy::new()
        .timeout(Duration::from_millis(500))
        .ttl(Duration::from_hours(1))
        .wait(Duration::from_secs(1));
    Cache::builder()
        .namespace("outside:pause")
        .backend(backend)
        .default_policy(policy)
        .build()
        .expect("a cache")
}

/// A source in another Redis, that several processes share. Each key has one writer.
struct SharedSource(redis::Client);

impl SharedSource {
    fn number(&self, what: &str, key: usize) -> u64 {
        let mut connection = self.0.get_connection().expect("the source");
        connection.get::<_, Option<u64>>(format!("{what}:{key}")).expect("the source").unwrap_or_default()
    }

    fn commit(&self, key: usize) -> u64 {
        self.0.get_connection().expect("the source").incr(format!("committed:{key}"), 1).expect("the source")
    }

    fn acknowledge(&self, key: usize, version: u64) {
        let mut connection = self.0.get_connection().expect("the source");
        connection.set::<_, _, ()>(format!("acknowledged:{key}"), version).expect("the source");
    }
}

/// Reads for a while; returns how many reads there were. Panics when one is older than the acknowledged version.
async fn reads(cache: &Cache, source: &SharedSource, end: Instant) -> u64 {
    let mut reads = 0;
    while Instant::now() < end {
        for key in 0..KEYS {
            let floor = source.number("acknowledged", key);
            let load = || async { Ok::<_, std::io::Error>(source.number("committed", key)) };
            let policy = Policy::new();
            let read = cache.get_or_load(format!("k:{key}"), &policy, load);
            let version = bounded("a read", read).await.expect("no error");
            assert!(version >= floor, "read {version} of k:{key} after {floor} was acknowledged");
            reads += 1;
        }
        sleep(Duration::from_millis(2)).await;
    }
    reads
}

/// Not a test: what a child process runs.
#[test]
#[ignore = "run by the tests of this module, in a process of its own"]
fn child() {
    let (Ok(url), Ok(source)) = (std::env::var(CACHE_URL), std::env::var(SOURCE_URL)) else { return };
    let source = SharedSource(redis::Client::open(source).expect("a URL"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let cache = cache(&url);
        println!("reading");
        let reads = reads(&cache, &source, Instant::now() + CHILD).await;
        println!("reads: {reads}");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_paused_reads_nothing_old() {
    let mut rng = seed::rng("a_process_that_was_paused_reads_nothing_old");
    let (Some(server), Some(source_server)) = (RedisServer::start(), RedisServer::start()) else { return };
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "pauses::child", "--nocapture", "--include-ignored"])
        .env(CACHE_URL, server.url())
        .env(SOURCE_URL, source_server.url())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.contains("reading") {
        line.clear();
        assert_ne!(output.read_line(&mut line).expect("its output"), 0, "the child ended early");
    }
    let (cache, source) =
        (cache(&server.url()), SharedSource(redis::Client::open(source_server.url()).expect("a URL")));
    let pid = Pid::from_child(&child);
    let end = Instant::now() + CHILD - Duration::from_secs(1);
    while Instant::now() < end {
        let key = rng.random_range(0..KEYS);
        let pauses = rng.random_range(0..3) == 0;
        if pauses {
            kill_process(pid, Signal::STOP).expect("a signal");
        }
        let version = source.commit(key);
        if cache.evict(format!("k:{key}")).await.is_ok() {
            source.acknowledge(key, version);
        }
        sleep(Duration::from_millis(rng.random_range(0..150))).await;
        if pauses {
            kill_process(pid, Signal::CONT).expect("a signal");
        }
    }
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut output, &mut rest).expect("its output");
    assert!(child.wait().expect("the child's end").success(), "{rest}");
    assert!(rest.contains("reads: "), "{rest}");
}

async fn read(cache: &Cache, record: &Record) -> u64 {
    let load = || async { Ok::<_, std::io::Error>(record.load()) };
    bounded("a read", cache.get_or_load("k", &Policy::new(), load)).await.expect("no error")
}

/// Until a value is cached and hit.
async fn in_service(cache: &Cache, record: &Record) {
    until("the cache is back in service", || async {
        read(cache, record).await;
        let loads = record.loads();
        read(cache, record).await;
        record.loads() == loads
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_paused_serves_nothing_old_and_is_used_again() {
    let Some(server) = RedisServer::start() else { return };
    let (cache, record) = (cache(&server.url()), Record::default());
    for _ in 0..3 {
        in_service(&cache, &record).await;
        server.pause();
        let version = record.commit();
        // Acknowledged or queued: in this process the new value from now on.
        let _ = cache.evict("k").await;
        for _ in 0..20 {
            assert!(read(&cache, &record).await >= version);
        }
        server.resume();
        for _ in 0..20 {
            assert!(read(&cache, &record).await >= version);
        }
        until("the queue is empty", || cache.close()).await;
    }
    in_service(&cache, &record).await;
}

/// A server that is killed and started again, and evictions before, in between and after.
async fn restarts(arguments: &[&str], saves: bool) {
    let Some(mut server) = RedisServer::start_with(arguments) else { return };
    let (cache, record) = (cache(&server.url()), Arc::new(Record::default()));
    for round in 0..4 {
        in_service(&cache, &record).await;
        if saves {
            let mut connection = redis::Client::open(server.url())
                .and_then(|client| client.get_connection())
                .expect("a connection");
            redis::cmd("SAVE").query::<()>(&mut connection).expect("a dump");
        }
        let version = record.commit();
        if round % 2 == 0 {
            cache.evict("k").await.expect("an eviction");
            server.kill();
        } else {
            server.kill();
            let _ = cache.evict("k").await;
        }
        assert!(read(&cache, &record).await >= version, "while it is down");
        server.restart();
        for _ in 0..50 {
            assert!(read(&cache, &record).await >= version, "after the restart");
            sleep(Duration::from_millis(5)).await;
        }
        until("the queue is empty", || cache.close()).await;
        assert!(read(&cache, &record).await >= version, "after the queue is empty");
    }
    in_service(&cache, &record).await;
}

#[tokio::test]
async fn a_server_that_was_killed_serves_nothing_old_and_is_used_again() {
    restarts(&["--save", "", "--appendonly", "no"], false).await;
}

#[tokio::test]
async fn a_server_that_comes_back_with_an_old_dump_serves_nothing_old() {
    restarts(&["--save", "", "--appendonly", "no"], true).await;
}
