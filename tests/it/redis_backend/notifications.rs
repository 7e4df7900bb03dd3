//! Notifications: across processes, across lost connections, and given up without a listener.

use std::time::Duration;

use jollycache::RedisBackend;
use jollycache::backend::{Backend, Signal, Watch};
use jollycache::key::StoredKey;
use jollycache_tests::RedisServer;

use super::{Store as _, draft, key, leased, until, until_ok};

async fn news(watch: &mut Watch) -> Signal {
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("news of the key")
}

fn subscribers(client: &mut redis::Connection, key: &StoredKey) -> usize {
    let channel = format!("jollycache:{key}");
    let (_, count): (String, usize) = redis::cmd("PUBSUB").arg("NUMSUB").arg(channel).query(client).unwrap();
    count
}

#[tokio::test]
async fn what_one_process_does_another_hears() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let one = RedisBackend::connect(&server.url()).await.unwrap();
    let other = RedisBackend::connect(&server.url()).await.unwrap();
    let key = key("a");
    let token = leased(&one, &key).await;
    let mut watch = other.watch(&key).await.unwrap();
    assert!(one.release(&key, token).await.unwrap());
    assert_eq!(news(&mut watch).await, Signal::Failed);
    let token = leased(&one, &key).await;
    assert!(one.fill(&key, token, &draft("v"), &[]).await.unwrap().stored);
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

#[tokio::test]
async fn a_watch_is_subscribed_when_it_is_returned() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let mut client = server.client();
    for index in 0..50 {
        let key = key(&index.to_string());
        let _watch = backend.watch(&key).await.unwrap();
        assert_eq!(subscribers(&mut client, &key), 1);
    }
}

#[tokio::test]
async fn channels_that_nobody_watches_are_given_up() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let mut client = server.client();
    let (kept, dropped) = (key("kept"), key("dropped"));
    let mut watch = backend.watch(&kept).await.unwrap();
    drop(backend.watch(&dropped).await.unwrap());
    until("the channel is given up", || subscribers(&mut client, &dropped) == 0).await;
    assert_eq!(subscribers(&mut client, &kept), 1);
    backend.store(&kept, &draft("v")).await.unwrap();
    assert_eq!(news(&mut watch).await, Signal::Changed);
    // And taken up again.
    let mut watch = backend.watch(&dropped).await.unwrap();
    backend.store(&dropped, &draft("v")).await.unwrap();
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_watches_come_and_go() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = std::sync::Arc::new(RedisBackend::connect(&server.url()).await.unwrap());
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let backend = std::sync::Arc::clone(&backend);
            tokio::spawn(async move {
                for round in 0..50 {
                    let key = key(&format!("{}", (task * 7 + round * 13) % 97));
                    let mut watch = backend.watch(&key).await.unwrap();
                    backend.store(&key, &draft("v")).await.unwrap();
                    assert_eq!(news(&mut watch).await, Signal::Changed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_connection_wakes_those_who_watch_and_is_made_again() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let mut client = server.client();
    let key = key("a");
    let mut watch = backend.watch(&key).await.unwrap();
    redis::cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).exec(&mut client).unwrap();
    assert_eq!(news(&mut watch).await, Signal::Changed, "a message may have been lost");
    until("it is subscribed again", || subscribers(&mut client, &key) == 1).await;
    let mut watch = backend.watch(&key).await.unwrap();
    backend.store(&key, &draft("v")).await.unwrap();
    assert_eq!(news(&mut watch).await, Signal::Changed);
}

#[tokio::test]
async fn a_killed_server_wakes_those_who_watch_and_a_new_one_serves_them() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let key = key("a");
    let mut watch = backend.watch(&key).await.unwrap();
    server.kill();
    assert_eq!(news(&mut watch).await, Signal::Changed, "nothing else will come, so look again");
    server.restart();
    until_ok("service", async || backend.ping().await).await;
    let mut client = server.client();
    until("the old watch is subscribed again", || subscribers(&mut client, &key) == 1).await;
    assert_eq!(news(&mut watch).await, Signal::Changed, "what happened meanwhile is unknown");
    let token = leased(&backend, &key).await;
    assert!(backend.release(&key, token).await.unwrap());
    assert_eq!(news(&mut watch).await, Signal::Failed);
}
