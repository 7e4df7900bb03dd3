//! A broken cache: every annotated call returns its right value, soon, and no invalidation is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, Error, ErrorKind, Policy, RedisBackend, cache_evict, cacheable};
use jollycache_tests::{Gate, RedisServer};
use tokio::time::Instant;

/// The operation timeout of these tests. Generous beside the default 50 ms, so that a loaded machine does not count
/// as a broken server; small beside the bounds that are asserted.
const TIMEOUT: Duration = Duration::from_millis(250);
/// "Microseconds" with room for a loaded machine: far below one timeout.
const QUICK: Duration = Duration::from_millis(50);
/// The promise is one second from the server's return; a restart itself takes a little.
const BACK: Duration = Duration::from_secs(2);

/// A source of truth with an annotated reader and writer.
#[derive(Clone)]
struct Repository {
    cache: Cache,
    value: Arc<AtomicU64>,
    loads: Arc<AtomicU64>,
}

impl Repository {
    async fn on(url: &str) -> Self {
        let backend = RedisBackend::connect(url).await.expect("a server that is down is no error");
        let policy = Policy::new().timeout(TIMEOUT).ttl(Duration::from_mins(5));
        let cache =
            Cache::builder().namespace("broken").backend(backend).default_policy(policy).build().unwrap();
        Repository { cache, value: Arc::default(), loads: Arc::default() }
    }

    #[cacheable(key = "value:{id}", tags = ["values"], with = self.cache)]
    async fn read(&self, id: u64) -> Result<u64, Error> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        Ok(self.value.load(Ordering::SeqCst))
    }

    #[cache_evict(key = "value:{id}", with = self.cache)]
    async fn write(&self, id: u64, value: u64) -> Result<(), Error> {
        self.value.store(value, Ordering::SeqCst);
        Ok(())
    }

    #[cache_evict(tags = ["values"], with = self.cache)]
    async fn write_all(&self, value: u64) -> Result<(), Error> {
        self.value.store(value, Ordering::SeqCst);
        Ok(())
    }

    #[cache_evict(key = "value:{id}", with = self.cache, on_error = "propagate")]
    async fn write_loudly(&self, id: u64, value: u64) -> Result<(), Error> {
        self.value.store(value, Ordering::SeqCst);
        Ok(())
    }

    #[cacheable(cache = "loud", key = "loud:{id}", with = self.cache, on_error = "propagate")]
    async fn read_loudly(&self, id: u64) -> Result<u64, Error> {
        Ok(id)
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    /// Reads until the breaker is open. Each read must return the right value, within one timeout and a little.
    async fn read_until_open(&self, id: u64) {
        let start = Instant::now();
        while self.cache.is_connected() {
            let before = Instant::now();
            assert_eq!(self.read(id).await.unwrap(), self.value.load(Ordering::SeqCst));
            assert!(before.elapsed() < TIMEOUT * 2 + QUICK, "one call took {:?}", before.elapsed());
            assert!(start.elapsed() < Duration::from_secs(10), "the breaker does not open");
        }
    }

    async fn assert_back(&self) {
        let start = Instant::now();
        while !self.cache.is_connected() {
            assert!(start.elapsed() < BACK, "not back after {:?}", start.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

macro_rules! server_or_skip {
    ($start:expr) => {
        match $start {
            Some(server) => server,
            None => return,
        }
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_costs_little_and_its_return_is_noticed() {
    let mut server = server_or_skip!(RedisServer::start());
    let repository = Repository::on(&server.url()).await;
    repository.write(1, 10).await.unwrap();
    assert_eq!(repository.read(1).await.unwrap(), 10);
    assert_eq!(repository.read(1).await.unwrap(), 10);
    assert_eq!(repository.loads(), 1);

    server.kill();
    repository.read_until_open(1).await;
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(repository.read(1).await.unwrap(), 10);
    }
    assert!(start.elapsed() < QUICK, "100 calls behind an open breaker took {:?}", start.elapsed());

    server.restart();
    repository.assert_back().await;
    let loads = repository.loads();
    for _ in 0..3 {
        assert_eq!(repository.read(1).await.unwrap(), 10);
    }
    assert_eq!(repository.loads(), loads + 1, "caches again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_the_start_is_no_error() {
    let mut server = server_or_skip!(RedisServer::start());
    server.kill();
    let repository = Repository::on(&server.url()).await;
    repository.read_until_open(1).await;
    server.restart();
    repository.assert_back().await;
    let loads = repository.loads();
    for _ in 0..3 {
        repository.read(1).await.unwrap();
    }
    assert_eq!(repository.loads(), loads + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_opens_the_breaker_under_load_and_is_used_again_when_it_thaws() {
    let server = server_or_skip!(RedisServer::start());
    let repository = Repository::on(&server.url()).await;
    repository.read(1).await.unwrap();
    server.stop();
    let start = Instant::now();
    let callers: Vec<_> = (0..64_u64)
        .map(|id| {
            let repository = repository.clone();
            tokio::spawn(async move {
                let mut slowest = Duration::ZERO;
                for _ in 0..50 {
                    let before = Instant::now();
                    assert_eq!(repository.read(id % 8).await.unwrap(), 0);
                    slowest = slowest.max(before.elapsed());
                }
                slowest
            })
        })
        .collect();
    for caller in callers {
        let slowest = caller.await.unwrap();
        assert!(slowest < TIMEOUT * 8, "the slowest call took {slowest:?}");
    }
    // 50 timeouts one after another would be 12 s.
    assert!(start.elapsed() < TIMEOUT * 20, "50 calls of each took {:?}", start.elapsed());
    assert!(!repository.cache.is_connected());
    server.cont();
    repository.assert_back().await;
    assert_eq!(repository.read(1).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eviction_that_fails_is_bypassed_until_it_is_delivered() {
    let server = server_or_skip!(RedisServer::start());
    let (writer, reader) = (Repository::on(&server.url()).await, Repository::on(&server.url()).await);
    let reader = Repository { value: writer.value.clone(), ..reader };
    writer.write(1, 10).await.unwrap();
    for id in 1..=2 {
        assert_eq!(writer.read(id).await.unwrap(), 10);
    }

    server.stop();
    writer.write(1, 20).await.unwrap();
    assert_eq!(writer.cache.stats().pending_invalidations, 1);
    assert_eq!(writer.read(1).await.unwrap(), 20, "the process that wrote does not read its old value");
    writer.write_all(30).await.unwrap();
    assert_eq!(writer.read(2).await.unwrap(), 30, "nor an entry of a tag that it evicted");

    // The server kept everything: it comes back with the old values.
    server.cont();
    let start = Instant::now();
    while writer.cache.stats().pending_invalidations > 0 {
        assert_eq!(writer.read(1).await.unwrap(), 30);
        assert_eq!(writer.read(2).await.unwrap(), 30);
        assert!(start.elapsed() < BACK, "not delivered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for id in 1..=2 {
        assert_eq!(reader.read(id).await.unwrap(), 30, "and the others do not read them any more");
        assert_eq!(writer.read(id).await.unwrap(), 30);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_without_a_server_is_shared_only_by_callers_from_before_its_start() {
    let mut server = server_or_skip!(RedisServer::start());
    let cache = Repository::on(&server.url()).await.cache;
    server.kill();
    let policy = Policy::new().timeout(TIMEOUT).wait(Duration::from_secs(30));
    let source = Arc::new(AtomicU64::new(1));
    let gate = Gate::new();
    let leader = {
        let (cache, policy, source, gate) = (cache.clone(), policy.clone(), source.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async || {
                let value = source.load(Ordering::SeqCst);
                gate.pass().await;
                Ok::<_, String>(value)
            };
            cache.get_or_load("number", &policy, load).await.unwrap()
        })
    };
    gate.reached().await;
    source.store(2, Ordering::SeqCst);
    cache.evict("number").await.expect_err("it is queued, and this process goes past the key");
    let loads = Arc::new(AtomicU64::new(0));
    let late: Vec<_> = (0..20)
        .map(|_| {
            let (cache, policy, source, loads) =
                (cache.clone(), policy.clone(), source.clone(), loads.clone());
            tokio::spawn(async move {
                let load = async || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, String>(source.load(Ordering::SeqCst))
                };
                cache.get_or_load("number", &policy, load).await.unwrap()
            })
        })
        .collect();
    gate.open();
    assert_eq!(leader.await.unwrap(), 1);
    for reader in late {
        assert_eq!(reader.await.unwrap(), 2, "it started after the eviction");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_on_error_propagate_errors_are_returned_and_the_eviction_is_queued() {
    let mut server = server_or_skip!(RedisServer::start());
    let repository = Repository::on(&server.url()).await;
    assert_eq!(repository.read_loudly(1).await.unwrap(), 1);
    server.kill();
    let read = repository.read_loudly(1).await.unwrap_err();
    assert!(matches!(read.kind(), ErrorKind::Unavailable | ErrorKind::Timeout), "{read}");
    let written = repository.write_loudly(1, 5).await.unwrap_err();
    assert!(written.is_outage(), "{written}");
    assert_eq!(repository.cache.stats().pending_invalidations, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_server_costs_one_load_a_key() {
    let server = server_or_skip!(RedisServer::start());
    let repository = Repository::on(&server.url()).await;
    repository.read(1).await.unwrap();
    let _: () = redis::cmd("FLUSHALL").query(&mut server.client()).unwrap();
    repository.read(1).await.unwrap();
    repository.read(1).await.unwrap();
    assert_eq!(repository.loads(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_that_evicts_loses_entries_and_never_serves_an_old_one() {
    let options = ["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-random"];
    let server = server_or_skip!(RedisServer::start_with(&options));
    let cache = Repository::on(&server.url()).await.cache;
    let policy = Policy::new().ttl(Duration::from_mins(5)).tag("all");
    let big = |version: u64| (version, "x".repeat(16 * 1024));
    let versions: Vec<AtomicU64> = (0..400).map(|_| AtomicU64::new(0)).collect();
    for round in 1..=3_u64 {
        for (id, version) in versions.iter().enumerate() {
            let load = async || Ok::<_, String>(big(version.load(Ordering::SeqCst)));
            let key = format!("big:{id}");
            let (found, _) = cache.get_or_load(key.as_str(), &policy, load).await.unwrap();
            assert_eq!(found, version.load(Ordering::SeqCst), "an old value of {key} was served");
            if (id as u64 + round).is_multiple_of(3) {
                version.store(round, Ordering::SeqCst);
                let _ = cache.evict(key.as_str()).await;
            }
        }
    }
    let info: String = redis::cmd("INFO").arg("stats").query(&mut server.client()).unwrap();
    assert!(!info.contains("evicted_keys:0\r"), "the server was not full, so this tested nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_that_refuses_writes_fails_no_call() {
    let options = ["--maxmemory", "2mb", "--maxmemory-policy", "noeviction"];
    let server = server_or_skip!(RedisServer::start_with(&options));
    let repository = Repository::on(&server.url()).await;
    let filler = "y".repeat(64 * 1024);
    for i in 0..64 {
        if repository.cache.set(format!("fill:{i}"), &filler, Duration::from_mins(1)).await.is_err() {
            break;
        }
    }
    for id in 0..20 {
        assert_eq!(repository.read(id).await.unwrap(), 0);
        repository.write(id, 0).await.unwrap();
    }
    assert!(repository.cache.is_connected(), "a server that answers is not lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_under_our_keys_is_a_miss_and_is_replaced() {
    let server = server_or_skip!(RedisServer::start());
    let repository = Repository::on(&server.url()).await;
    let garbage: [&[&[u8]]; 6] = [
        &[b"SET", b"broken:value:1", b"plain text"],
        &[b"SET", b"broken:value:1", b""],
        &[b"SET", b"broken:value:1", b"\xCBV\0\0"],
        &[b"LPUSH", b"broken:value:1", b"a list"],
        &[b"HSET", b"broken:value:1", b"a", b"hash"],
        &[b"SADD", b"broken:value:1", b"a set"],
    ];
    for (round, command) in garbage.iter().enumerate() {
        let mut connection = server.client();
        let _: () = redis::cmd("DEL").arg("broken:value:1").query(&mut connection).unwrap();
        let mut cmd = redis::cmd(std::str::from_utf8(command[0]).unwrap());
        for argument in &command[1..] {
            cmd.arg(argument);
        }
        let _: redis::Value = cmd.query(&mut connection).unwrap();
        let loads = repository.loads();
        for _ in 0..3 {
            assert_eq!(repository.read(1).await.unwrap(), 0, "round {round}");
        }
        assert_eq!(repository.loads(), loads + 1, "garbage {round} was not replaced");
    }
    // The tag's own key may be garbage as well.
    let mut connection = server.client();
    let _: () = redis::cmd("DEL").arg("broken:#tag:values").query(&mut connection).unwrap();
    let _: () = redis::cmd("LPUSH").arg("broken:#tag:values").arg("x").query(&mut connection).unwrap();
    for _ in 0..3 {
        assert_eq!(repository.read(1).await.unwrap(), 0);
    }
    repository.write_all(1).await.unwrap();
    let loads = repository.loads();
    for _ in 0..3 {
        assert_eq!(repository.read(1).await.unwrap(), 1);
    }
    assert_eq!(repository.loads(), loads + 1, "an evicted tag is whole again");
}
