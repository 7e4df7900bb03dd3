//! One load for two processes.

use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::{Gate, RedisServer};
use tokio::time::Instant;

use crate::second_process;

const CALLERS: usize = 50;
/// All handles but the one that loads: one in this process, two in the other.
const WAITING_HANDLES: i64 = 3;

async fn cache(url: &str) -> Cache {
    let backend = RedisBackend::connect(url).await.unwrap();
    let policy = Policy::new().timeout(Duration::from_secs(5)).wait(Duration::from_mins(1));
    let cache = Cache::builder().namespace("it").backend(backend);
    cache.default_policy(policy.lease(Duration::from_mins(1))).build().unwrap()
}

/// Half of a process's callers. A load increments a counter on the server.
async fn call(cache: Cache, url: String, gate: Option<Gate>) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (cache, url, gate) = (cache.clone(), url.clone(), gate.clone());
            tokio::spawn(async move {
                let load = async || {
                    let mut source = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
                    let loads: u64 = redis::cmd("INCR").arg("loads").query_async(&mut source).await?;
                    if let Some(gate) = gate {
                        gate.pass().await;
                    }
                    Ok::<_, redis::RedisError>(loads)
                };
                cache.get_or_load("shared", &Policy::new(), load).await.unwrap()
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 1, "each has what the one load brought");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_over_four_handles_and_two_processes_load_once() {
    let Some(server) = RedisServer::start() else { return };
    let url = server.url();
    let gate = Gate::new();
    let leading = tokio::spawn(call(cache(&url).await, url.clone(), Some(gate.clone())));
    gate.reached().await;
    let following = tokio::spawn(call(cache(&url).await, url.clone(), None));
    let other = second_process::start("processes::the_other_process", &url);

    let mut looker = server.client();
    let start = Instant::now();
    loop {
        let (_, waiting): (String, i64) =
            redis::cmd("PUBSUB").arg("NUMSUB").arg("jollycache:it:shared").query(&mut looker).unwrap();
        if waiting == WAITING_HANDLES {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{waiting} of {WAITING_HANDLES} handles wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gate.open();
    leading.await.unwrap();
    following.await.unwrap();
    let other = other.wait_with_output().await.unwrap();
    assert!(other.status.success(), "{}", String::from_utf8_lossy(&other.stdout));
    let loads: u64 = redis::cmd("GET").arg("loads").query(&mut looker).unwrap();
    assert_eq!(loads, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of `two_hundred_callers_over_four_handles_and_two_processes_load_once`"]
async fn the_other_process() {
    let url = second_process::url();
    let (one, two) = (cache(&url).await, cache(&url).await);
    tokio::join!(call(one, url.clone(), None), call(two, url.clone(), None));
}
