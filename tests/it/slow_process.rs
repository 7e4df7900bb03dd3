//! A process that is slow itself does not regard its store as lost.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::{Delay, RedisServer, TcpProxy};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::second_process;

const KEYS: u64 = 64;
const TASKS: u64 = 512;
const PAUSES: u32 = 8;
/// Longer than the timeout of an operation, which is the default here: 50 ms.
const PAUSE: Duration = Duration::from_millis(80);
const BETWEEN: Duration = Duration::from_millis(150);
/// Without judging connections by their progress some hundred calls fail with each pause.
const FEW: u64 = 50;

struct Reader {
    cache: Cache,
    policy: Policy,
    loads: AtomicU64,
}

impl Reader {
    async fn on(url: &str, policy: Policy) -> Arc<Self> {
        let backend = RedisBackend::connect(url).await.unwrap();
        let cache = Cache::builder().namespace("slow").backend(backend).build().unwrap();
        let reader = Arc::new(Reader { cache, policy, loads: AtomicU64::new(0) });
        // With patience: what is measured comes later.
        let warming = Policy::new().timeout(Duration::from_secs(5)).ttl(Duration::from_mins(5));
        let warm = (0..KEYS).map(|id| {
            let (cache, warming) = (&reader.cache, &warming);
            async move {
                let key = format!("number:{id}");
                let found = cache.get_or_load(key, warming, async || Ok::<_, String>(id)).await;
                assert_eq!(found.unwrap(), id);
            }
        });
        futures_util::future::join_all(warm).await;
        reader
    }

    async fn read(&self, id: u64) {
        let id = id % KEYS;
        let load = async || {
            self.loads.fetch_add(1, Ordering::Relaxed);
            Ok::<_, String>(id)
        };
        let found = self.cache.get_or_load(format!("number:{id}"), &self.policy, load).await;
        assert_eq!(found.unwrap(), id);
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    fn errors(&self) -> u64 {
        self.cache.stats().total.backend_errors
    }
}

fn signal(name: &str, pid: u32) {
    let sent = std::process::Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status();
    assert!(sent.unwrap().success(), "SIG{name} cannot be sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_process_finds_its_answers_waiting() {
    let Some(server) = RedisServer::start() else { return };
    let mut child = second_process::start("slow_process::the_paused_process", &server.url());
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    while !output.next_line().await.unwrap().expect("it begins").contains("begun") {}
    let pid = child.id().unwrap();
    for _ in 0..PAUSES {
        signal("STOP", pid);
        tokio::time::sleep(PAUSE).await;
        signal("CONT", pid);
        tokio::time::sleep(BETWEEN).await;
    }
    child.stdin.take().unwrap().write_all(b"stop").await.unwrap();
    let mut rest = String::new();
    while let Some(line) = output.next_line().await.unwrap() {
        rest.push_str(&line);
        rest.push('\n');
    }
    eprintln!("{rest}");
    assert!(child.wait().await.unwrap().success(), "{rest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of `a_paused_process_finds_its_answers_waiting`"]
async fn the_paused_process() {
    let url = second_process::url();
    let reader = Reader::on(&url, Policy::new()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|id| {
            let (reader, stop) = (reader.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    reader.read(id).await;
                }
            })
        })
        .collect();
    println!("begun");
    let watcher = {
        let (reader, stop) = (reader.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                assert!(reader.cache.is_connected(), "the breaker opened");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    let stdin = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(stdin).await.unwrap().unwrap();
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    println!("{} errors, {} loads", reader.errors(), reader.loads());
    watcher.await.unwrap();
    assert!(reader.errors() < FEW && reader.loads() < FEW);
}

async fn many_hits_at_once(url: String) {
    const HITS: u64 = 20_000;
    let reader = Reader::on(&url, Policy::new()).await;
    let hits: Vec<_> = (0..HITS)
        .map(|id| {
            let reader = reader.clone();
            tokio::spawn(async move { reader.read(id).await })
        })
        .collect();
    for hit in hits {
        hit.await.unwrap();
    }
    assert_eq!((reader.loads(), reader.errors()), (0, 0), "loads, errors");
    assert!(reader.cache.is_connected());
}

#[tokio::test]
async fn twenty_thousand_hits_at_once_are_hits_on_one_thread() {
    let Some(server) = RedisServer::start() else { return };
    many_hits_at_once(server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_hits_at_once_are_hits_on_two_threads() {
    let Some(server) = RedisServer::start() else { return };
    many_hits_at_once(server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_network_is_no_outage() {
    let Some(server) = RedisServer::start() else { return };
    for millis in [20, 80, 200] {
        let each_way = Duration::from_millis(millis);
        let proxy = TcpProxy::start_slow(server.port(), Delay::each_way(millis..=millis)).await;
        let reader = Reader::on(&proxy.redis_url(), Policy::new().timeout(each_way * 4)).await;
        let reads = (0..TASKS).map(|id| reader.read(id));
        futures_util::future::join_all(reads).await;
        assert_eq!((reader.loads(), reader.errors()), (0, 0), "loads, errors at {each_way:?}");
        assert!(reader.cache.is_connected());
    }
}
