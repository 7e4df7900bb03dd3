//! The server is away, frozen, back, forgetful; the line is cut or dead.

use std::time::Duration;

use jollycache::backend::{Backend, Counters, Lifetimes, TagStamp, Token};
use jollycache::{ErrorKind, RedisBackend};
use jollycache_tests::{RedisServer, TcpProxy};

use super::{LONG, REGION, Store as _, draft, key, leased, pause, request, text, timed, until, until_ok};

/// What the engine waits for one operation by default.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(50);
/// How long something that must happen may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// "Back in service within a second" (DESIGN), measured on a machine that runs other tests too.
const SOON: Duration = Duration::from_secs(1);

async fn setup() -> Option<(RedisServer, RedisBackend)> {
    let server = RedisServer::start()?;
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    Some((server, backend))
}

#[tokio::test]
async fn a_server_that_is_down_at_start_is_no_error() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    server.kill();
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let error = backend.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");

    server.restart();
    let took =
        until_ok("service after the start", async || backend.store(&key("a"), &draft("v")).await).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn while_the_server_is_down_every_call_fails_at_once() {
    let Some((mut server, backend)) = setup().await else {
        return;
    };
    let (a, tag) = (key("a"), key("#tag:t"));
    server.kill();
    until("the loss is noticed", || !connected(&backend)).await;
    for _ in 0..100 {
        let (errors, took) = timed(async {
            [
                backend.read(&a, &[]).await.map(drop),
                backend.lease(request(&a, Token::random())).await.map(drop),
                backend.store(&a, &draft("v")).await.map(drop),
                backend
                    .invalidate(
                        std::slice::from_ref(&a),
                        std::slice::from_ref(&tag),
                        std::time::Duration::ZERO,
                    )
                    .await
                    .map(drop),
                backend.watch(&a).await.map(drop),
                backend.ping().await,
            ]
        })
        .await;
        for error in errors {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert!(took < OPERATION_TIMEOUT, "six calls took {took:?}");
    }
}

fn connected(backend: &RedisBackend) -> bool {
    format!("{backend:?}").contains("state: \"up\"")
}

#[tokio::test]
async fn a_restarted_server_is_in_service_within_a_second() {
    let Some((mut server, backend)) = setup().await else {
        return;
    };
    let key = key("a");
    for _ in 0..3 {
        let token = leased(&backend, &key).await;
        server.kill();
        until("the loss is noticed", || !connected(&backend)).await;
        // As long as a deployment takes, and until the pauses between attempts are at their longest.
        stay_down(&backend).await;
        server.restart();
        let took = until_ok("service", async || backend.read(&key, &[]).await).await;
        assert!(took < SOON, "{took:?}");
        // The server has forgotten the scripts and the lease.
        until_ok("writes too", async || backend.ping().await).await;
        assert!(!backend.fill(&key, token, &draft("old"), &[]).await.unwrap().stored);
    }
}

async fn stay_down(backend: &RedisBackend) {
    for _ in 0..250 {
        assert!(backend.ping().await.is_err());
        pause().await;
    }
}

#[tokio::test]
async fn calls_given_up_on_a_frozen_server_leave_the_connection_usable() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    let key = key("a");
    backend.store(&key, &draft("v")).await.unwrap();
    server.stop();
    for _ in 0..10 {
        let call = tokio::time::timeout(OPERATION_TIMEOUT / 10, backend.read(&key, &[])).await;
        assert!(call.is_err(), "a frozen server cannot answer");
        let draft = draft("given up");
        let _ = tokio::time::timeout(OPERATION_TIMEOUT / 10, backend.store(&key, &draft)).await;
    }
    server.cont();
    let took = until_ok("service", async || backend.store(&key, &draft("after")).await).await;
    assert!(took < SOON, "{took:?}");
    assert_eq!(text(&backend, &key).await.as_deref(), Some("after"), "no reply was taken for another's");
}

#[tokio::test]
async fn a_server_frozen_for_long_is_given_up_and_found_again() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    let key = key("a");
    server.stop();
    until("the connections are given up", || !connected(&backend)).await;
    // Whatever waits for the attempt that is under way ends with it; from then on calls fail at once.
    let error = backend.read(&key, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let (outcome, took) = timed(backend.read(&key, &[])).await;
    assert!(outcome.is_err() && took < OPERATION_TIMEOUT, "{took:?}");
    server.cont();
    let took = until_ok("service", async || backend.read(&key, &[]).await).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_dead_line_is_replaced() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let proxy = TcpProxy::start(server.port()).await;
    let backend = RedisBackend::connect(&format!("redis://127.0.0.1:{}", proxy.port())).await.unwrap();
    let key = key("a");
    backend.store(&key, &draft("v")).await.unwrap();
    let before = proxy.accepted();
    proxy.mute_open_connections();
    // The client gets no error; it notices by the unanswered ping.
    until("new connections are made", || proxy.accepted() >= before + 2).await;
    until_ok("service", async || backend.ping().await).await;
    assert_eq!(text(&backend, &key).await.as_deref(), Some("v"));
}

#[tokio::test]
async fn a_connection_that_is_given_up_sends_nothing_more() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = TcpProxy::start(server.port()).await;
    let backend = RedisBackend::connect(&format!("redis://127.0.0.1:{}", proxy.port())).await.unwrap();
    assert_eq!((proxy.accepted(), proxy.resets()), (2, 0));
    drop(backend);
    // Closed in the usual way, what is left in the buffers would still be delivered: a late write.
    until("both are cut off", || proxy.resets() == 2).await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_timeout() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    backend.ping().await.unwrap();
    server.stop();
    let error = backend.ping().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable), "{error}");
    server.cont();
}

#[tokio::test]
async fn killed_connections_come_back_at_once() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    let mut client = server.client();
    let key = key("a");
    for round in 0..5 {
        let value = round.to_string();
        backend.store(&key, &draft(&value)).await.unwrap();
        let killed: usize = redis::cmd("CLIENT")
            .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
            .query(&mut client)
            .unwrap();
        assert!(killed >= 2, "{killed}");
        let took = until_ok("service", async || backend.ping().await).await;
        assert!(took < SOON, "{took:?}");
        assert_eq!(text(&backend, &key).await, Some(value));
    }
}

#[tokio::test]
async fn forgotten_scripts_are_taught_again() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    let mut client = server.client();
    let mut forget = || redis::cmd("SCRIPT").arg("FLUSH").exec(&mut client).unwrap();
    let (a, tag) = (key("a"), key("#tag:t"));
    let id = backend.tag_ids(std::slice::from_ref(&tag)).await.unwrap()[0];

    forget();
    let token = leased(&backend, &a).await;
    forget();
    let mut tagged = draft("v");
    tagged.tags = vec![TagStamp { name: "t".into(), id }];
    let filled = backend.fill(&a, token, &tagged, std::slice::from_ref(&tag)).await.unwrap();
    assert!(filled.stored, "stored once, not refused by its own second run");
    assert_eq!(filled.tag_ids, [Some(id)]);
    forget();
    let keys: Vec<_> = (0..700).map(|index| key(&index.to_string())).chain([a.clone()]).collect();
    assert_eq!(
        backend.invalidate(&keys, std::slice::from_ref(&tag), std::time::Duration::ZERO).await.unwrap(),
        1
    );
    forget();
    let writer = Token::random();
    backend.begin_write(&a, REGION, writer, LONG).await.unwrap();
    forget();
    let end = jollycache::backend::WriteEnd::Put(&tagged);
    assert!(backend.end_write(&a, writer, end).await.unwrap());
    forget();
    assert!(backend.ttl(&a).await.unwrap().is_some());
    forget();
    assert_eq!(backend.add(&key("#counter:c"), 1, None).await.unwrap(), 1);
    forget();
    assert!(backend.expire(&a, LONG).await.unwrap());
    forget();
    let selection = jollycache::backend::Selection::new("test:*", None, std::time::Duration::ZERO);
    assert_eq!(backend.invalidate_matching(selection).await.unwrap(), 1);
}

#[test]
fn a_backend_outlives_the_runtime_it_was_first_used_on() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::builder(server.url()).build().unwrap();
    for round in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let key = key("a");
            backend.store(&key, &draft(&round.to_string())).await.unwrap();
            assert_eq!(text(&backend, &key).await, Some(round.to_string()));
            let mut watch = backend.watch(&key).await.unwrap();
            backend.invalidate(std::slice::from_ref(&key), &[], std::time::Duration::ZERO).await.unwrap();
            tokio::time::timeout(PATIENCE, watch.changed()).await.expect("news of the key");
        });
    }
}

#[tokio::test]
async fn a_dropped_backend_closes_its_connections() {
    let Some((server, backend)) = setup().await else {
        return;
    };
    let mut client = server.client();
    let _watch = backend.watch(&key("a")).await.unwrap();
    let mut connections = || -> usize {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut client).unwrap();
        list.lines().count()
    };
    assert_eq!(connections(), 4, "writes, reads, notifications, and the one that counts");
    drop(backend);
    until("only the counting one is left", || connections() == 1).await;
}
