//! `Worker`: one process of readers and writers. It runs until its input is closed, or until it is killed.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::history::{Event, Invalidation, Read, Record};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::oneshot;

use crate::foreign::{Foreign, Protocol};
use crate::line;
use crate::log::Log;
use crate::pace::{millis, now, pause};
use crate::shop::{Delays, Failed, Shop, View, Written};
use crate::source::Source;

/// The variable that makes a process of this binary a worker.
pub(crate) const VARIABLE: &str = "JOLLYCACHE_HISTORY_WORKER";
/// What all processes share on the server.
pub(crate) const NAMESPACE: &str = "history";
/// How many cells each view has.
const IDS: u64 = 2;
const VIEWS: [View; 8] = [
    View::Plain,
    View::Tagged,
    View::Stale,
    View::Guarded,
    View::Item,
    View::Page,
    View::Foreign(Protocol::Naive),
    View::Foreign(Protocol::Locked),
];
const READERS: u64 = 4;
/// Generous: that a slow server is gone around is not what is tested here.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Shorter than a process may be stopped, so that leases and intents end under their holders.
const LEASE: Duration = Duration::from_millis(150);
const INTENT: Duration = Duration::from_millis(250);
const WAIT: Duration = Duration::from_millis(400);
const BETWEEN_FLUSHES: Duration = Duration::from_millis(100);
/// One call in so many is dropped midway.
const DROPPED: u32 = 25;

/// The settings that the coordinator passes to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) process: u32,
    pub(crate) seed: u64,
    pub(crate) server: SocketAddr,
    pub(crate) source: PathBuf,
    pub(crate) log: PathBuf,
}

impl Orders {
    /// As one variable of the environment.
    pub(crate) fn to_variable(&self) -> String {
        let Orders { process, seed, server, source, log } = self;
        format!("{process}\n{seed}\n{server}\n{}\n{}", source.display(), log.display())
    }

    pub(crate) fn from_variable(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        Some(Orders {
            process: lines.next()?.parse().ok()?,
            seed: lines.next()?.parse().ok()?,
            server: lines.next()?.parse().ok()?,
            source: lines.next()?.into(),
            log: lines.next()?.into(),
        })
    }
}

/// One process.
struct Worker {
    process: u32,
    shop: Shop,
    foreign: Foreign,
    log: Log,
}

/// Runs until standard input is closed.
pub(crate) async fn run(orders: Orders) {
    let mut rng = StdRng::seed_from_u64(orders.seed);
    let worker = Arc::new(Worker::start(&orders, StdRng::from_rng(&mut rng)).await);
    let mut tasks = tokio::task::JoinSet::new();
    for view in VIEWS {
        for id in 0..IDS {
            for _ in 0..READERS {
                tasks.spawn(worker.clone().read_on(view, id, StdRng::from_rng(&mut rng)));
            }
            // A write of an item invalidates its page.
            if view != View::Page {
                tasks.spawn(worker.clone().write_on(view, id, StdRng::from_rng(&mut rng)));
            }
        }
    }
    tasks.spawn(worker.clone().flush_on());
    tokio::select! {
        () = input_closed() => {}
        ended = tasks.join_next() => panic!("a task of the load ended: {ended:?}"),
    }
    tasks.shutdown().await;
    worker.log.flush(&worker.counters());
}

async fn input_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = closed.send(());
    });
    let _ = wait.await;
}

impl Worker {
    async fn start(orders: &Orders, rng: StdRng) -> Self {
        let address = line::open(orders.server, rng).await.expect("a port is free");
        let url = format!("redis://{address}");
        let backend = RedisBackend::connect(&url).await.expect("the URL is right");
        let policy = Policy::new().timeout(TIMEOUT).lease(LEASE).wait(WAIT).intent(INTENT);
        let cache = Cache::builder().namespace(NAMESPACE).backend(backend).default_policy(policy).build();
        let cache = cache.expect("the settings are right");
        jollycache::install(cache.clone()).expect("it is the only one of this process");
        let shop = Shop { cache, source: Source::new(&orders.source) };
        let client = redis::Client::open(url).expect("the URL is right");
        let connection = client.get_multiplexed_async_connection().await.expect("the server is up");
        let foreign = Foreign { connection, shop: shop.clone() };
        let log = Log::create(&orders.log).expect("the log can be written");
        Worker { process: orders.process, shop, foreign, log }
    }

    async fn read_on(self: Arc<Self>, view: View, id: u64, mut rng: StdRng) {
        loop {
            pause(millis(&mut rng, 0..30)).await;
            let read = self.read(view, id, Delays::draw(&mut rng));
            if rng.random_ratio(1, DROPPED) {
                // A caller that goes away, and leaves its followers and its lease behind.
                let _ = tokio::time::timeout(millis(&mut rng, 0..20), read).await;
            } else {
                let _ = read.await;
            }
        }
    }

    async fn read(&self, view: View, id: u64, delays: Delays) -> Result<(), Failed> {
        let started = now();
        let loaded = match view {
            View::Foreign(protocol) => self.foreign.read(protocol, id, delays).await?,
            _ => self.shop.read(view, id, delays).await?,
        };
        let ended = now();
        assert_eq!(loaded.id, id, "the value of another cell");
        let read =
            Read { process: self.process, started, ended, version: loaded.version, loaded_at: loaded.at };
        self.record(view, id, Event::Read(read));
        Ok(())
    }

    async fn write_on(self: Arc<Self>, view: View, id: u64, mut rng: StdRng) {
        loop {
            pause(millis(&mut rng, 0..250)).await;
            if rng.random_ratio(1, DROPPED) {
                let patience = millis(&mut rng, 0..20);
                let _ = tokio::time::timeout(patience, self.write(view, id, &mut rng)).await;
            } else {
                let _ = self.write(view, id, &mut rng).await;
            }
        }
    }

    /// Writes, and records the invalidation if it is acknowledged.
    async fn write(&self, view: View, id: u64, rng: &mut StdRng) -> Result<(), Failed> {
        let Written { version, started } = match view {
            View::Foreign(protocol) => {
                let committed = self.shop.commit(view, id, Delays::draw(rng)).await?;
                let started = now();
                self.foreign.invalidate(protocol, id).await?;
                Written { version: committed.version, started }
            }
            View::Item => self.shop.write_item(id, rng).await?,
            // Some writers of one thing announce themselves, and some do not.
            View::Guarded if rng.random() => self.shop.write_guarded(id, rng).await?,
            _ => self.shop.write(view, id, rng).await?,
        };
        let invalidation = Invalidation { process: self.process, started, acknowledged: now(), version };
        self.record(view, id, Event::Invalidation(invalidation));
        if view == View::Item {
            self.record(View::Page, id, Event::Invalidation(invalidation));
        }
        Ok(())
    }

    async fn flush_on(self: Arc<Self>) {
        loop {
            pause(BETWEEN_FLUSHES).await;
            self.log.flush(&self.counters());
        }
    }

    fn record(&self, view: View, id: u64, event: Event) {
        self.log.record(&Record { register: format!("{}-{id}", view.name()), event });
    }

    fn counters(&self) -> [(&'static str, u64); 14] {
        let stats = self.shop.cache.stats().total;
        [
            ("hits", stats.hits),
            ("misses", stats.misses),
            ("stale_reads", stats.stale_reads),
            ("loads", stats.loads),
            ("fills", stats.fills),
            ("refused_fills", stats.refused_fills),
            ("puts", stats.puts),
            ("refused_puts", stats.refused_puts),
            ("lease_waits", stats.lease_waits),
            ("flight_joins", stats.flight_joins),
            ("evicted_keys", stats.evicted_keys),
            ("evicted_tags", stats.evicted_tags),
            ("evicted_patterns", stats.evicted_patterns),
            ("backend_errors", stats.backend_errors),
        ]
    }
}

#[test]
fn orders_survive_the_environment() {
    let orders = Orders {
        process: 7,
        seed: u64::MAX,
        server: (std::net::Ipv4Addr::LOCALHOST, 1).into(),
        source: "/a folder/source".into(),
        log: "/a folder/log".into(),
    };
    assert_eq!(Orders::from_variable(&orders.to_variable()), Some(orders));
}
