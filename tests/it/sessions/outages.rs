//! A backend that is away: an error, and never "no session".

use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::RedisServer;
use tokio::time::Instant;

use super::{PATIENCE, Sessions, data, is_alive, sessions};

async fn on(server: &RedisServer) -> (Cache, Sessions) {
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let policy = Policy::new().timeout(Duration::from_millis(500));
    let cache = Cache::builder().namespace("it").backend(backend).default_policy(policy).build().unwrap();
    (cache.clone(), sessions(&cache))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_is_an_error_for_every_call() {
    let Some(mut server) = RedisServer::start() else { return };
    let (_, sessions) = on(&server).await;
    let (id, _) = sessions.create("ada", data(1)).await.unwrap();
    server.kill();
    for _ in 0..3 {
        assert!(sessions.validate(&id).await.unwrap_err().is_outage());
        assert!(sessions.touch(&id).await.unwrap_err().is_outage());
        assert!(sessions.update(&id, |_| ()).await.unwrap_err().is_outage());
        assert!(sessions.rotate(&id).await.unwrap_err().is_outage());
        assert!(sessions.create("ada", data(1)).await.unwrap_err().is_outage());
        assert!(sessions.list("ada").await.unwrap_err().is_outage());
        assert!(sessions.count_all().await.unwrap_err().is_outage());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_destroyed_while_the_server_hangs_is_ended_here_at_once_and_there_when_it_is_back() {
    let Some(server) = RedisServer::start() else { return };
    let ((cache, here), (_, there)) = (on(&server).await, on(&server).await);
    let (one, _) = here.create("ada", data(1)).await.unwrap();
    let (all, _) = here.create("bob", data(1)).await.unwrap();
    server.stop();
    assert!(here.destroy(&one).await.unwrap_err().is_outage());
    assert!(here.destroy_all("bob").await.unwrap_err().is_outage());
    server.cont();
    let start = Instant::now();
    while is_here(&here, &one).await || is_here(&here, &all).await {
        assert!(start.elapsed() < PATIENCE, "this process takes it for alive");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    while cache.stats().pending_invalidations > 0 {
        assert!(!is_here(&here, &one).await && !is_here(&here, &all).await, "it came back");
        assert!(start.elapsed() < PATIENCE, "not delivered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!is_alive(&there, &one).await && !is_alive(&there, &all).await);
}

/// Returns whether a session is reported as valid; waits while the backend does not answer.
async fn is_here(sessions: &Sessions, id: &jollycache::session::SessionId) -> bool {
    sessions.validate(id).await.is_ok_and(|session| session.is_some())
}
