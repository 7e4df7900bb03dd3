//! The script of rate limits against the state machines: the same verdicts to the digit, whatever the clock does.
//!
//! The script is given a clock that the test sets, through a line that swaps its hash on the way.

use std::time::Duration;

use jollycache::RedisBackend;
use jollycache::backend::state::RateSlot;
use jollycache::backend::{RateAlgorithm, RateLimits, RateMode, RateRequest, RateRule, RateVerdict};
use jollycache::key::StoredKey;
use jollycache_tests::{RedisServer, ScriptSwap};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::{RECORD, seed};

const STEPS: usize = 4_000;
const CODE: &str = include_str!("../../../jollycache/src/backend/redis/scripts/rate.lua");
const CLOCK_KEY: &str = "differential:clock";
/// What the test itself may take between two calls.
const MARGIN: Duration = Duration::from_secs(20);
const START_MS: u64 = 1_790_000_000_123;

/// Windows so long that no key ends by itself, in the server's true time, while the test runs.
const RULES: [(RateAlgorithm, u64, u64, u64); 6] = [
    (RateAlgorithm::SlidingLog, 5, 600, 5),
    (RateAlgorithm::SlidingLog, 40, 900, 40),
    (RateAlgorithm::SlidingCounter, 7, 601, 7),
    (RateAlgorithm::SlidingCounter, 60, 900, 60),
    (RateAlgorithm::TokenBucket, 7, 611, 3),
    (RateAlgorithm::TokenBucket, 60, 900, 60),
];

struct Limit {
    key: StoredKey,
    rule: RateRule,
    slot: RateSlot,
}

struct Pair {
    backend: RedisBackend,
    looker: redis::Connection,
    limits: Vec<Limit>,
    clock_ms: u64,
    /// The time of the next change without a request, as last reported.
    edge_ms: i64,
    random: StdRng,
}

impl Pair {
    async fn new(server: &RedisServer, url: &str, seed: u64) -> Self {
        let limit = |&(algorithm, quota, seconds, burst): &_| {
            let rule = RateRule::new(algorithm, quota, Duration::from_secs(seconds), burst).unwrap();
            let key = StoredKey::found(&format!("differential:#rate:{algorithm:?}:{quota}"));
            Limit { key, rule, slot: RateSlot::new(&rule) }
        };
        Pair {
            backend: RedisBackend::connect(url).await.unwrap(),
            looker: server.client(),
            limits: RULES.iter().map(limit).collect(),
            clock_ms: START_MS,
            edge_ms: 0,
            random: StdRng::seed_from_u64(seed),
        }
    }

    async fn run(&mut self, steps: usize) -> Result<(), String> {
        for number in 0..steps {
            self.pass_time();
            let requests = self.requests();
            let mode = if self.random.random_range(0..10) == 0 { RateMode::Look } else { RateMode::Take };
            let clock_ms = self.clock_ms;
            let before: Vec<_> = requests.iter().map(|&(place, _)| self.limits[place].slot.clone()).collect();
            let expected = self.on_slots(&requests, mode);
            let found = self.on_backend(&requests, mode).await;
            if expected != found {
                return Err(format!(
                    "step {number} at {clock_ms}, {mode:?} {requests:?} of {before:?}:\nexpected {expected:?}\n\
                     but found {found:?}"
                ));
            }
            let edge = found.iter().find_map(|verdict| verdict.retry_after.filter(|wait| !wait.is_zero()));
            self.edge_ms = edge.map_or(self.edge_ms, |edge| i64::try_from(edge.as_millis()).unwrap());
            self.check_lifetimes(&requests, mode, &found)?;
        }
        Ok(())
    }

    /// Mostly ahead, by a little, by windows, or to where something is free again; at times back.
    fn pass_time(&mut self) {
        let by = match self.random.random_range(0..20) {
            0..=8 => self.random.random_range(0..20_000),
            9..=11 => (self.edge_ms - self.random.random_range(0..2)).max(0),
            12..=16 => 0,
            17 => self.random.random_range(0..2_500_000),
            18 => *[600_000, 601_000, 900_000, 1].choose(&mut self.random).unwrap(),
            _ => -self.random.random_range(0..1_500_000),
        };
        self.clock_ms = self.clock_ms.saturating_add_signed(by);
        redis::cmd("SET").arg(CLOCK_KEY).arg(self.clock_ms).exec(&mut self.looker).unwrap();
    }

    /// One limit to three, each once, and their costs.
    fn requests(&mut self) -> Vec<(usize, u64)> {
        let count = *[1, 1, 2, 3].choose(&mut self.random).unwrap();
        let mut places: Vec<usize> = (0..self.limits.len()).collect();
        let mut requests = Vec::new();
        for _ in 0..count {
            let place = places.swap_remove(self.random.random_range(0..places.len()));
            let cost = *[0, 1, 1, 1, 2, 3, 5, 50, u64::MAX].choose(&mut self.random).unwrap();
            requests.push((place, cost));
        }
        requests
    }

    fn on_slots(&mut self, requests: &[(usize, u64)], mode: RateMode) -> Vec<RateVerdict> {
        let clock_ms = self.clock_ms;
        let mut judge = |&(place, cost): &(usize, u64)| {
            let Limit { rule, slot, .. } = &mut self.limits[place];
            let now = slot.now(clock_ms);
            slot.judge(rule, now, cost)
        };
        let verdicts: Vec<_> = requests.iter().map(&mut judge).collect();
        if mode == RateMode::Look || !verdicts.iter().all(|verdict| verdict.admitted) {
            return verdicts;
        }
        let take = |&(place, cost): &(usize, u64)| {
            let Limit { rule, slot, .. } = &mut self.limits[place];
            let now = slot.now(clock_ms);
            slot.take(rule, now, cost);
            slot.judge(rule, now, 0)
        };
        requests.iter().map(take).collect()
    }

    async fn on_backend(&self, requests: &[(usize, u64)], mode: RateMode) -> Vec<RateVerdict> {
        let request = |&(place, cost): &(usize, u64)| {
            let Limit { key, rule, .. } = &self.limits[place];
            RateRequest::new(key, rule, cost)
        };
        let requests: Vec<_> = requests.iter().map(request).collect();
        self.backend.admit(&requests, mode).await.unwrap()
    }

    /// Recorded requests are stored as long as they count, and for two windows at most.
    fn check_lifetimes(
        &mut self,
        requests: &[(usize, u64)],
        mode: RateMode,
        found: &[RateVerdict],
    ) -> Result<(), String> {
        let is_taken = mode == RateMode::Take && found.iter().all(|verdict| verdict.admitted);
        for (&(place, cost), verdict) in requests.iter().zip(found) {
            let Limit { key, rule, .. } = &self.limits[place];
            let left: i64 = redis::cmd("PTTL").arg(key.as_str()).query(&mut self.looker).unwrap();
            // Without a record nothing may count; a record without an end is none of these.
            let left =
                if left == -2 { 0 } else { u64::try_from(left).map_err(|_| format!("{key} has no end"))? };
            let left = Duration::from_millis(left);
            let counts = if is_taken && cost > 0 { verdict.reset_after } else { Duration::ZERO };
            if left > 2 * rule.window()
                || left + MARGIN < counts
                || left.is_zero() && !verdict.reset_after.is_zero()
            {
                return Err(format!("{key} lives for {left:?}: {verdict:?}"));
            }
        }
        Ok(())
    }
}

async fn run(server: &RedisServer, from: &str, to: &str, steps: usize) -> Result<(), String> {
    let whole = format!("{RECORD}{CODE}");
    assert!(whole.contains(from), "rate.lua has no {from:?}");
    let clock = format!("local clock = tonumber(redis.call('GET', '{CLOCK_KEY}'))");
    assert!(whole.contains("local clock = now_ms()"));
    let swapped = whole.replacen(from, to, 1).replacen("local clock = now_ms()", &clock, 1);
    let hash = |code: &str| redis::Script::new(code).get_hash().to_owned();
    redis::cmd("FLUSHALL").exec(&mut server.client()).unwrap();
    redis::cmd("SCRIPT").arg("LOAD").arg(&swapped).exec(&mut server.client()).unwrap();
    let line = ScriptSwap::start(server.port(), hash(&whole), hash(&swapped)).await;
    Pair::new(server, &line.url(), seed()).await.run(steps).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_judges_rates_as_the_state_machines_do() {
    let Some(server) = RedisServer::start() else { return };
    if let Err(difference) = run(&server, "", "", STEPS).await {
        panic!("{difference}");
    }
}

macro_rules! broken_rates {
    ($($test:ident: $from:literal => $to:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let Some(server) = RedisServer::start() else { return };
            assert!(run(&server, $from, $to, 5 * STEPS).await.is_err(), "{:?} was not noticed", $to);
        }
    )*};
}

broken_rates! {
    a_refusal_that_takes_from_others_is_noticed:
        "admitted = admitted and limits[index].waited == 0" => "admitted = admitted or limits[index].waited == 0";
    a_look_that_takes_is_noticed: "ARGV[1] == 'take'" => "true";
    a_clock_that_opens_the_gate_is_noticed:
        "return math.max(clock + lead, last), math.max(lead, last - clock)" => "return clock + lead, lead";
    a_jump_that_a_refusal_forgets_is_noticed: "elseif limit.jumped then" => "elseif false then";
    a_log_that_forgets_a_millisecond_early_is_noticed: "at(middle) + window <= now" => "at(middle) + window - 1 <= now";
    a_log_that_cuts_too_much_is_noticed: "'LTRIM', key, first - 1, -1" => "'LTRIM', key, first, -1";
    a_window_that_does_not_fade_is_noticed: "previous * (window - elapsed)" => "previous * window";
    a_window_that_is_forgotten_is_noticed: "if passed == 1 then" => "if passed == -1 then";
    a_bucket_that_does_not_leak_is_noticed: "stored - (now - last) * quota" => "stored";
    a_record_that_ends_early_is_noticed: "letter, window, bucket(" => "letter, window / 10, bucket(";
    a_log_without_an_end_is_noticed: "redis.call('PEXPIRE', key, window)" => "";
    a_cost_that_never_fits_is_noticed: "cost > capacity and -1" => "cost > capacity + 1 and -1";
}
