//! One cache and several runtimes, one after the other and at the same time.

use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, MemoryBackend, Policy, RedisBackend};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use jollycache_outside::source::Record;
use jollycache_outside::wait::{bounded, until};
use rand::RngExt;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::caches::patient;

fn current_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn multi_thread() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

async fn read(cache: &Cache, record: &Record) -> u64 {
    let load = || async {
        sleep(Duration::from_millis(2)).await;
        Ok::<_, std::io::Error>(record.load())
    };
    let policy = Policy::new().tag("t");
    bounded("a read", cache.get_or_load("k", &policy, load)).await.expect("no error")
}

async fn write(cache: &Cache, record: &Record, by_tag: bool) {
    let version = record.commit();
    let done = if by_tag { cache.evict_tags(["t"]).await.is_ok() } else { cache.evict("k").await.is_ok() };
    assert!(done, "an eviction failed");
    record.acknowledge(version);
}

async fn cached_again(cache: &Cache, record: &Record) {
    until("it is cached again", || async {
        read(cache, record).await;
        let loads = record.loads();
        read(cache, record).await;
        record.loads() == loads
    })
    .await;
}

/// The cache is built outside of a runtime, and used from runtimes that end with calls under way.
fn one_after_the_other(cache: &Cache, test: &str) {
    let mut rng = seed::rng(test);
    let record = Arc::new(Record::default());
    for round in 0..12 {
        let runtime = if rng.random() { current_thread() } else { multi_thread() };
        runtime.block_on(async {
            let floor = record.floor();
            assert!(read(cache, &record).await >= floor);
            write(cache, &record, round % 2 == 0).await;
            let floor = record.floor();
            assert!(read(cache, &record).await >= floor);
            cached_again(cache, &record).await;
            write(cache, &record, round % 3 == 0).await;
            // Their runtime ends in the middle of these.
            for _ in 0..30 {
                let (cache, record) = (cache.clone(), Arc::clone(&record));
                tokio::spawn(async move {
                    read(&cache, &record).await;
                    cache.evict("other").await
                });
            }
            sleep(Duration::from_millis(rng.random_range(0..6))).await;
        });
        match round % 2 {
            0 => drop(runtime),
            _ => runtime.shutdown_background(),
        }
    }
}

#[test]
fn runtimes_one_after_the_other_in_memory() {
    one_after_the_other(&patient("outside:runtimes", MemoryBackend::new()), "runtimes_in_memory");
}

#[test]
fn runtimes_one_after_the_other_on_redis() {
    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).build().expect("a backend");
    one_after_the_other(&patient("outside:runtimes", backend), "runtimes_on_redis");
}

/// A leader whose runtime ends while a caller on another runtime waits for its load.
fn a_leaders_runtime_ends(cache: &Cache) {
    let record = Arc::new(Record::default());
    let leader = multi_thread();
    let begun = Arc::new(Notify::new());
    {
        let (cache, begun) = (cache.clone(), Arc::clone(&begun));
        leader.spawn(async move {
            let load = || async {
                begun.notify_one();
                std::future::pending::<Result<u64, std::io::Error>>().await
            };
            cache.get_or_load("k", &Policy::new().tag("t"), load).await
        });
    }
    let other = current_thread();
    other.block_on(async {
        bounded("the leader loads", begun.notified()).await;
        let follower = tokio::spawn({
            let (cache, record) = (cache.clone(), Arc::clone(&record));
            async move { read(&cache, &record).await }
        });
        until("the follower waits", || async { cache.stats().waiting > 0 }).await;
        leader.shutdown_background();
        bounded("the follower", follower).await.expect("no panic");
        write(cache, &record, true).await;
        cached_again(cache, &record).await;
    });
}

#[test]
fn a_caller_outlives_the_runtime_of_its_leader() {
    a_leaders_runtime_ends(&patient("outside:leader", MemoryBackend::new()));
    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).build().expect("a backend");
    a_leaders_runtime_ends(&patient("outside:leader", backend));
}

/// Callers on two runtimes at once, of which one ends.
#[test]
fn two_runtimes_share_a_cache() {
    let Some(server) = RedisServer::start() else { return };
    let cache = patient("outside:two", RedisBackend::builder(server.url()).build().expect("a backend"));
    let record = Arc::new(Record::default());
    let (first, second) = (multi_thread(), current_thread());
    let (near, source) = (cache.clone(), Arc::clone(&record));
    let reading = first.spawn(async move {
        loop {
            let floor = source.floor();
            let version = read(&near, &source).await;
            assert!(version >= floor, "read {version} after {floor} was acknowledged");
        }
    });
    second.block_on(async {
        for round in 0..100 {
            write(&cache, &record, round % 2 == 0).await;
            let floor = record.floor();
            assert!(read(&cache, &record).await >= floor);
            assert!(!reading.is_finished(), "the other runtime's reader panicked");
        }
        first.shutdown_background();
        write(&cache, &record, true).await;
        cached_again(&cache, &record).await;
    });
}

/// The last handle is dropped inside of a runtime, and outside of any, while work of it is under way.
#[test]
fn a_cache_may_be_dropped_anywhere() {
    let Some(server) = RedisServer::start() else { return };
    for inside in [true, false] {
        let cache = patient("outside:drop", RedisBackend::builder(server.url()).build().expect("a backend"));
        let runtime = current_thread();
        runtime.block_on(async {
            let record = Record::default();
            read(&cache, &record).await;
            // Given up midway, so that something is queued or under way.
            let eviction = cache.evict("k");
            let _ = tokio::time::timeout(Duration::ZERO, eviction).await;
            if inside {
                drop(cache);
                sleep(Duration::from_millis(20)).await;
            } else {
                tokio::task::yield_now().await;
                std::thread::spawn(move || drop(cache)).join().expect("no panic");
            }
        });
    }
}
