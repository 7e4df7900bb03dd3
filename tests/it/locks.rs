//! The distributed lock, on each backend; and what only a server can do to it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jollycache::{Cache, ErrorKind, LockGuard};
use jollycache_tests::RedisServer;

use crate::backends::{Caches, on_each_backend};

/// Longer than any test runs.
const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(200);
/// Much less than `LONG`: a waiter that needs more was not notified.
const SOON: Duration = Duration::from_secs(5);

async fn try_lock(cache: &Cache, ttl: Duration) -> jollycache::Result<LockGuard> {
    cache.lock("job").ttl(ttl).acquire().await
}

async fn locked(cache: &Cache, ttl: Duration) -> LockGuard {
    try_lock(cache, ttl).await.expect("the lock is free")
}

async fn assert_contended(cache: &Cache) {
    let error = try_lock(cache, LONG).await.expect_err("the lock is held");
    assert_eq!(error.kind(), ErrorKind::Contended, "{error}");
}

/// Waits for what must come.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

#[allow(clippy::disallowed_methods, reason = "the test measures real time")]
fn now() -> Instant {
    Instant::now()
}

on_each_backend!(one_owner_has_it_and_the_others_get_busy, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = locked(&cache, LONG).await;
    assert!(!guard.is_lost());
    assert!(guard.remaining().is_some_and(|left| left > LONG / 2 && left <= LONG));
    assert_contended(&other).await;
    assert_contended(&cache).await;
    drop(other.lock("another").acquire().await.expect("another name is another lock"));
    assert!(guard.release().await.expect("releases"));
    drop(locked(&other, LONG).await);
});

on_each_backend!(under_contention_one_is_in_at_a_time_and_fences_grow, |caches| async move {
    let mut handles = Vec::new();
    for _ in 0..4 {
        handles.push(caches.new_cache().await);
    }
    let (inside, last_fence) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..40)
        .map(|i| {
            let cache = handles[i % handles.len()].clone();
            let (inside, last_fence) = (inside.clone(), last_fence.clone());
            tokio::spawn(async move {
                let guard = cache.lock("job").ttl(LONG).wait(LONG).acquire().await.expect("its turn comes");
                assert!(!inside.swap(true, Ordering::SeqCst), "two are in");
                tokio::task::yield_now().await;
                let before = last_fence.swap(guard.fence(), Ordering::SeqCst);
                assert!(before < guard.fence(), "{before} came before {}", guard.fence());
                inside.store(false, Ordering::SeqCst);
                assert!(guard.release().await.expect("releases"));
            })
        })
        .collect();
    for worker in workers {
        soon("all have had it", worker).await.expect("no worker panics");
    }
});

on_each_backend!(a_waiter_is_notified_of_the_release, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = locked(&cache, LONG).await;
    let mut waiting = pin!(other.lock("job").wait(LONG).acquire());
    assert!(tokio::time::timeout(SHORT, &mut waiting).await.is_err(), "the lock is held");
    let fence = guard.fence();
    guard.release().await.expect("releases");
    let next = soon("the waiter has it, long before the owner's time was up", waiting).await;
    assert!(next.expect("locks").fence() > fence);
});

on_each_backend!(a_dropped_guard_releases_and_notifies, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = locked(&cache, LONG).await;
    let mut waiting = pin!(other.lock("job").wait(LONG).acquire());
    assert!(tokio::time::timeout(SHORT, &mut waiting).await.is_err(), "the lock is held");
    drop(guard);
    drop(soon("the waiter has it", waiting).await.expect("locks"));
});

on_each_backend!(a_dropped_guard_with_a_watchdog_releases_too, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = cache.lock("job").ttl(LONG).auto_extend(true).acquire().await.expect("the lock is free");
    drop(guard);
    drop(soon("the other has it", other.lock("job").wait(LONG).acquire()).await.expect("locks"));
});

on_each_backend!(a_wait_ends_after_its_limit, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let _guard = locked(&cache, LONG).await;
    let start = now();
    let refused = other.lock("job").wait(SHORT).acquire().await.expect_err("the lock is held");
    assert_eq!(refused.kind(), ErrorKind::Contended, "{refused}");
    assert!(refused.to_string().contains("it:#lock:job"), "{refused}");
    let waited = start.elapsed();
    assert!(waited >= SHORT && waited < SOON, "{waited:?}");
});

on_each_backend!(an_owner_that_is_gone_hands_over_when_its_time_is_up, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = locked(&cache, SHORT).await;
    let fence = guard.fence();
    // Never released: as of a process that died.
    std::mem::forget(guard);
    let next = soon("the lock ends by itself", other.lock("job").wait(LONG).acquire()).await;
    assert!(next.expect("locks").fence() > fence);
});

on_each_backend!(an_end_that_passed_is_noticed, |caches| async move {
    let cache = caches.new_cache().await;
    let guard = locked(&cache, SHORT).await;
    soon("the owner notices", guard.lost()).await;
    assert!(guard.is_lost());
    assert_eq!(guard.remaining(), None);
    let error = guard.extend(LONG).await.expect_err("it ended");
    assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
    assert!(!guard.release().await.expect("asks"), "it was lost before");
});

on_each_backend!(a_late_owner_does_nothing_to_the_next_one, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let late = locked(&cache, SHORT).await;
    let next = soon("the next one has it", other.lock("job").ttl(LONG).wait(LONG).acquire()).await;
    let next = next.expect("locks");
    assert_eq!(late.extend(LONG).await.expect_err("it ended").kind(), ErrorKind::Lost);
    assert!(!late.release().await.expect("asks"));
    assert_contended(&cache).await;
    next.extend(LONG).await.expect("it is still the next one's");
    assert!(next.release().await.expect("releases"));
});

on_each_backend!(an_extension_moves_the_end_both_ways, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let guard = locked(&cache, LONG).await;
    guard.extend(LONG * 2).await.expect("extends");
    assert!(guard.remaining().is_some_and(|left| left > LONG));
    guard.extend(SHORT).await.expect("extends");
    assert!(guard.remaining().is_none_or(|left| left <= SHORT));
    drop(soon("the next one has it", other.lock("job").wait(LONG).acquire()).await.expect("locks"));
    soon("the owner knows", guard.lost()).await;
});

on_each_backend!(the_watchdog_keeps_the_lock, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let ttl = Duration::from_millis(600);
    let guard = cache.lock("job").ttl(ttl).auto_extend(true).acquire().await.expect("the lock is free");
    let refused = other.lock("job").wait(ttl * 3).acquire().await.expect_err("it is kept all the time");
    assert_eq!(refused.kind(), ErrorKind::Contended);
    assert!(!guard.is_lost());
    assert!(guard.release().await.expect("releases"));
    drop(locked(&other, LONG).await);
});

on_each_backend!(a_cancelled_acquire_leaves_nothing, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    for polls in 0..12 {
        let name = format!("cancelled:{polls}");
        {
            let mut acquiring = pin!(cache.lock(name.as_str()).ttl(LONG).acquire());
            for _ in 0..polls {
                // Whether it gets far or not: dropped in between, it must not keep the lock.
                if is_ready(&mut acquiring).await {
                    break;
                }
            }
        }
        let waiting = other.lock(name.as_str()).wait(LONG).acquire();
        drop(soon("the lock is free", waiting).await.expect("locks"));
    }
});

/// Polls once, lets the runtime work, and says whether it was ready.
async fn is_ready<F: Future>(future: &mut std::pin::Pin<&mut F>) -> bool {
    let ready =
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()));
    let ready = ready.await;
    tokio::task::yield_now().await;
    ready
}

on_each_backend!(a_ttl_out_of_range_is_a_mistake_of_the_caller, |caches| async move {
    let cache = caches.new_cache().await;
    for ttl in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
        assert_eq!(try_lock(&cache, ttl).await.expect_err("out of range").kind(), ErrorKind::Config);
    }
    let guard = locked(&cache, Duration::from_hours(24)).await;
    assert_eq!(guard.extend(Duration::ZERO).await.expect_err("out of range").kind(), ErrorKind::Config);
    assert!(!guard.is_lost(), "a mistake changes nothing");
    let endless = cache.lock("another").wait(Duration::MAX).acquire().await;
    drop(endless.expect("any patience is fine"));
});

on_each_backend!(locks_are_no_keys, |caches| async move {
    let cache = caches.new_cache().await;
    cache.set("job", &"a value".to_owned(), LONG).await.expect("stores");
    let guard = locked(&cache, LONG).await;
    assert_eq!(cache.get::<String>("job").await.expect("reads").as_deref(), Some("a value"));
    assert_eq!(cache.keys("*", 10).await.expect("scans"), ["job"]);
    cache.flush().await.expect("flushes");
    assert!(guard.release().await.expect("releases"), "a flush leaves locks");
});

async fn on_redis() -> Option<(RedisServer, Cache)> {
    let Some(Caches::Redis(server)) = Caches::redis() else { return None };
    let caches = Caches::Redis(server);
    let cache = caches.new_cache().await;
    let Caches::Redis(server) = caches else { return None };
    Some((server, cache))
}

fn script_calls(server: &RedisServer) -> u64 {
    let stats: String = redis::cmd("INFO").arg("commandstats").query(&mut server.client()).unwrap();
    let Some(line) = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")) else { return 0 };
    let calls = line.split("calls=").nth(1).and_then(|rest| rest.split(',').next());
    calls.and_then(|calls| calls.parse().ok()).expect("a number of calls")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiter_sends_three_attempts_and_no_more() {
    let Some((server, cache)) = on_redis().await else { return };
    let _guard = locked(&cache, LONG).await;
    for patience in [SHORT, SHORT * 4] {
        let before = script_calls(&server);
        let refused = cache.lock("job").wait(patience).acquire().await.expect_err("the lock is held");
        assert_eq!(refused.kind(), ErrorKind::Contended);
        // At first, once it watches, and at the end.
        assert_eq!(script_calls(&server) - before, 3, "calls in {patience:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_lock_is_noticed_by_its_watchdog() {
    let Some((server, cache)) = on_redis().await else { return };
    let ttl = Duration::from_secs(6);
    let guard = cache.lock("job").ttl(ttl).auto_extend(true).acquire().await.unwrap();
    redis::cmd("FLUSHALL").exec(&mut server.client()).unwrap();
    let next = locked(&cache, LONG).await;
    assert!(next.fence() > guard.fence(), "the record is gone, and the fence grows all the same");
    assert!(!guard.is_lost(), "the server has not been contacted since");
    let start = now();
    guard.lost().await;
    assert!(start.elapsed() < ttl * 3 / 4, "noticed after {:?}: at its end, not before", start.elapsed());
    drop(guard);
    assert_contended(&cache).await;
    assert!(next.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarted_has_lost_the_lock() {
    let Some((mut server, cache)) = on_redis().await else { return };
    let guard = locked(&cache, LONG).await;
    let fence = guard.fence();
    server.restart();
    let start = now();
    let error = loop {
        match guard.extend(LONG).await {
            Ok(()) => panic!("a lock that is gone was extended"),
            Err(error) if error.is_outage() && start.elapsed() < SOON => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
    assert!(guard.is_lost());
    assert!(locked(&cache, LONG).await.fence() > fence);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_nothing_is_locked() {
    let Some((mut server, cache)) = on_redis().await else { return };
    let guard = locked(&cache, SHORT).await;
    server.kill();
    let error = cache.lock("another").wait(LONG).acquire().await.expect_err("no server");
    assert!(error.is_outage(), "{error}");
    guard.extend(LONG).await.expect_err("no server");
    soon("an owner that cannot extend knows when its time is up", guard.lost()).await;
    guard.release().await.expect_err("no server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_server_an_owner_can_still_extend_and_release() {
    let Some((server, cache)) = on_redis().await else { return };
    let guard = locked(&cache, LONG).await;
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut server.client()).unwrap();
    let error = cache.lock("another").acquire().await.expect_err("a full server");
    assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
    guard.extend(LONG).await.expect("extends");
    assert!(guard.release().await.expect("releases"));
}
