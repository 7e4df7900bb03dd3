//! Flights under many schedules: `flights.rs` once more, over locks and tasks that shuttle interrupts at every turn.
//! Callers are cancelled anywhere, panic, and fail, flights end by time, and a writer invalidates, or queues that.
//!
//! Shuttle ends a run in which no task can go on, so a lost wake-up fails these tests.

mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard};
}

#[path = "flights.rs"]
#[allow(dead_code, reason = "what the statistics ask for is not needed here")]
mod flights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use shuttle::future::{self, yield_now};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use self::flights::{FlightKey, FlightResult, Flights, Leader, Role, Shared};
use crate::clock;
use crate::entry::Fingerprint;
use crate::key::StoredKey;

const CALLERS: usize = 4;
const RUNS: usize = 2_000;
/// How many changes of the schedule the second search tries at once.
const DEPTH: usize = 4;

/// The source and the store, as far as they matter to a flight.
#[derive(Debug, Default)]
struct World {
    flights: Flights,
    committed: AtomicU8,
    /// A fill is refused if this moved since the lease.
    invalidations: AtomicU8,
    /// An invalidation was acknowledged, and is not delivered yet.
    pending: AtomicBool,
    acked: AtomicU8,
    unleased_loads: AtomicUsize,
}

const LEASE: Duration = Duration::from_secs(10);

fn key(bypasses: bool) -> FlightKey {
    FlightKey { key: StoredKey::found("k"), fingerprint: Fingerprint(1), bypasses }
}

/// Now, or when every flight that begins now has ended.
fn sometime() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(clock::now);
    if thread_rng().gen_bool(0.2) { start + LEASE } else { start }
}

fn join(flights: &Flights, bypasses: bool) -> Role {
    flights.join(key(bypasses), sometime(), LEASE)
}

fn shared(version: u8) -> FlightResult {
    FlightResult::Value(Shared { none: false, payload: Bytes::copy_from_slice(&[version]) })
}

impl World {
    async fn load(&self) -> u8 {
        yield_now().await;
        let version = self.committed.load(Ordering::SeqCst);
        yield_now().await;
        version
    }

    async fn write(&self) {
        for _ in 0..2 {
            let version = self.committed.fetch_add(1, Ordering::SeqCst) + 1;
            yield_now().await;
            let queues = thread_rng().gen_bool(0.5);
            if queues {
                self.pending.store(true, Ordering::SeqCst);
            } else {
                self.invalidations.fetch_add(1, Ordering::SeqCst);
            }
            self.acked.store(version, Ordering::SeqCst);
            yield_now().await;
            if queues {
                self.invalidations.fetch_add(1, Ordering::SeqCst);
                self.pending.store(false, Ordering::SeqCst);
            }
        }
    }

    /// One read, which returns a version, or nothing where the load failed.
    async fn read(&self) -> Option<u8> {
        let need = self.acked.load(Ordering::SeqCst);
        let bypasses = self.pending.load(Ordering::SeqCst);
        let version = loop {
            match join(&self.flights, bypasses) {
                Role::Leader(leader) => break self.lead(leader, bypasses).await,
                Role::Crowded => break Some(self.load().await),
                Role::Follower(mut follower) => match follower.result().await {
                    FlightResult::Value(value) => break Some(value.payload[0]),
                    FlightResult::Failed(_) | FlightResult::Alone => break Some(self.load().await),
                    FlightResult::Retry => {}
                },
            }
        };
        assert!(version.is_none_or(|version| version >= need), "{version:?} is older than {need}");
        version
    }

    async fn lead(&self, leader: Leader, bypasses: bool) -> Option<u8> {
        let most = if bypasses { 3 } else { 5 };
        match thread_rng().gen_range(0..most) {
            0 => {
                leader.finish(FlightResult::Failed(None));
                None
            }
            1 => {
                // It is given back its own, and the followers look for themselves.
                drop(leader);
                Some(self.load().await)
            }
            2 => Some(self.load_unleased(leader).await),
            _ => Some(self.load_leased(leader).await),
        }
    }

    async fn load_leased(&self, mut leader: Leader) -> u8 {
        let lease = self.invalidations.load(Ordering::SeqCst);
        let version = self.load().await;
        leader.seal();
        yield_now().await;
        let stored = self.invalidations.load(Ordering::SeqCst) == lease;
        leader.finish(if stored { shared(version) } else { FlightResult::Retry });
        version
    }

    async fn load_unleased(&self, mut leader: Leader) -> u8 {
        let turn = leader.turn().await;
        leader.seal();
        let loads = Guard::new(&self.unleased_loads);
        assert_eq!(loads.before, 0, "two load without a lease at once");
        let version = self.load().await;
        drop(loads);
        leader.finish(shared(version));
        drop(turn);
        version
    }
}

/// Counts those that are in, the cancelled ones out again.
struct Guard<'a> {
    count: &'a AtomicUsize,
    before: usize,
}

impl<'a> Guard<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        Guard { count, before: count.fetch_add(1, Ordering::SeqCst) }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Readers, one of which is cancelled somewhere, and a writer.
fn readers_and_a_writer() {
    let world = Arc::new(World::default());
    let mut tasks = Vec::new();
    for _ in 0..CALLERS {
        let world = Arc::clone(&world);
        tasks.push(future::spawn(async move { world.read().await }));
    }
    let writes = Arc::clone(&world);
    let writing = future::spawn(async move { writes.write().await });
    future::block_on(async move {
        let unlucky = tasks.pop().expect("there are callers");
        for _ in 0..thread_rng().gen_range(0..8) {
            yield_now().await;
        }
        unlucky.abort();
        for task in tasks {
            task.await.expect("a read ends");
        }
        writing.await.expect("the writes end");
        // Also the one that was cancelled leaves nothing behind.
        let _ = unlucky.await;
        assert_eq!(world.flights.count(), 0, "a flight is left open");
        assert_eq!(world.flights.lines(), 0, "a line is left");
    });
}

/// A leader that panics, while others follow.
fn a_leader_panics() {
    let world = Arc::new(World::default());
    let Role::Leader(leader) = join(&world.flights, false) else { panic!("there is no leader yet") };
    let followers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let world = Arc::clone(&world);
            future::spawn(async move {
                match join(&world.flights, false) {
                    Role::Follower(mut follower) => {
                        matches!(follower.result().await, FlightResult::Failed(None))
                    }
                    Role::Leader(next) => {
                        next.finish(FlightResult::Failed(None));
                        true
                    }
                    Role::Crowded => false,
                }
            })
        })
        .collect();
    future::block_on(async move {
        yield_now().await;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _held = leader;
            std::panic::resume_unwind(Box::new("the load panics"));
        }));
        assert!(panicked.is_err());
        for follower in followers {
            assert!(follower.await.expect("a follower ends"), "the followers hear of a failure");
        }
    });
}

#[test]
fn readers_under_random_schedules() {
    shuttle::check_random(readers_and_a_writer, RUNS);
}

#[test]
fn readers_under_schedules_with_few_changes() {
    shuttle::check_pct(readers_and_a_writer, RUNS, DEPTH);
}

#[test]
fn a_panicking_leader_under_random_schedules() {
    shuttle::check_random(a_leader_panics, RUNS);
}
