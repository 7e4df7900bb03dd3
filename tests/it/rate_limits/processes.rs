//! One limit for two processes.

use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::RedisServer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::{ALGORITHMS, limit, limiter, passed_at_once};
use crate::second_process;

const QUOTA: u64 = 400;
const ASKS: usize = 600;

async fn passed(url: &str) -> Vec<usize> {
    let backend = RedisBackend::connect(url).await.unwrap();
    let policy = Policy::new().timeout(Duration::from_secs(10));
    let cache = Cache::builder().namespace("it").backend(backend).default_policy(policy).build().unwrap();
    let mut passed = Vec::new();
    for algorithm in ALGORITHMS {
        passed.push(passed_at_once(&limiter(&cache, [limit(algorithm, QUOTA)]), "alice", ASKS).await);
    }
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_over_two_processes_exactly_the_quota_passes() {
    let Some(server) = RedisServer::start() else { return };
    let mut other = second_process::start("rate_limits::processes::the_other_process", &server.url());
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let mut next = async |what: &str| loop {
        let line = lines.next_line().await.unwrap().expect("the other process prints on");
        if let Some((_, rest)) = line.split_once(what) {
            return rest.to_owned();
        }
    };
    next("ready").await;
    other.stdin.take().unwrap().write_all(b"go\n").await.unwrap();
    let here = passed(&server.url()).await;
    let counts = next("passed:").await;
    let there: Vec<usize> = counts.split_whitespace().map(|count| count.parse().unwrap()).collect();
    assert!(other.wait().await.unwrap().success());
    for (algorithm, (here, there)) in ALGORITHMS.iter().zip(here.iter().zip(&there)) {
        assert_eq!(
            here + there,
            usize::try_from(QUOTA).unwrap(),
            "{algorithm:?}: {here} here, {there} there"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of `of_many_at_once_over_two_processes_exactly_the_quota_passes`"]
async fn the_other_process() {
    let url = second_process::url();
    println!("\nready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let counts: Vec<String> = passed(&url).await.iter().map(ToString::to_string).collect();
    println!("\npassed: {}", counts.join(" "));
}
