//! A write that the network delivers late must not undo a later acknowledged one.

use std::time::Duration;

use jollycache::{Cache, ErrorKind, Policy, RedisBackend};
use jollycache_tests::{RedisServer, TcpProxy};

const ROUNDS: usize = 5;
/// How long a put behind the proxy waits before it gives up.
const BRIEF: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);

async fn cache(url: &str, timeout: Duration) -> Cache {
    let backend = RedisBackend::connect(url).await.unwrap();
    let policy = Policy::new().timeout(timeout);
    Cache::builder().namespace("late").backend(backend).default_policy(policy).build().unwrap()
}

/// The commands that the server has run for all clients.
fn commands(looker: &mut redis::Connection) -> u64 {
    let info: String = redis::cmd("INFO").arg("stats").query(looker).unwrap();
    let field = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
    field.unwrap().trim().parse().unwrap()
}

/// Waits until the server runs no more than it is asked by the looker itself.
async fn until_quiet(looker: &mut redis::Connection) {
    loop {
        let before = commands(looker);
        tokio::time::sleep(Duration::from_millis(200)).await;
        // The look itself, and pings of connections that are idle.
        if commands(looker) <= before + 8 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_timed_out_and_is_delivered_late_does_not_undo_an_eviction() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = TcpProxy::start(server.port()).await;
    let mut looker = server.client();
    let (near, far) = (cache(&server.url(), PATIENCE).await, cache(&proxy.redis_url(), BRIEF).await);
    for round in 0..ROUNDS {
        let key = format!("number:{round}");
        near.set(&*key, &1, PATIENCE).await.unwrap();
        far.ping().await.unwrap();
        proxy.hold_requests();
        let error = far.set(&*key, &2, PATIENCE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        near.evict(&*key).await.unwrap();
        proxy.deliver_requests();
        until_quiet(&mut looker).await;
        let found: Option<i32> = near.get(&*key).await.unwrap();
        assert_eq!(found, None, "round {round}: an old value came after its eviction");
    }
}
