//! The Redis scripts against the state machine: random steps must have the same replies, and leave the same state.
//!
//! Time passes by jumps: the state machine's clock goes ahead, and what Redis holds is made older by as much. No
//! deadline comes near the present, so that it does not matter that the two clocks are read at different times.

mod rates;
mod record;
mod rosters;
mod steps;

use jollycache::RedisBackend;
use jollycache::backend::state::Slot;
use jollycache::backend::{Backend, RunId};
use jollycache::key::StoredKey;
use jollycache_tests::{RedisServer, ScriptSwap};

use self::steps::{Dice, Reply, Step};

const STEPS: usize = 10_000;
const KEYS: usize = 2;
/// How far two readings of one time may be apart.
const TOLERANCE_MS: u64 = 15_000;
/// How far from the present deadlines stay.
const MARGIN_MS: u64 = 20_000;

const RECORD: &str = include_str!("../../../jollycache/src/backend/redis/scripts/record.lua");

struct Pair {
    backend: RedisBackend,
    looker: redis::Connection,
    keys: [StoredKey; KEYS],
    slots: [Slot; KEYS],
    /// How far the state machine's clock is ahead of the server's.
    ahead_ms: u64,
    run: RunId,
    trusts_restarts: bool,
    dice: Dice,
}

impl Pair {
    fn new(server: &RedisServer, url: &str, seed: u64, trusts_restarts: bool) -> Self {
        Pair {
            backend: RedisBackend::builder(url).trust_restarts(trusts_restarts).build().unwrap(),
            looker: server.client(),
            run: RunId::of(&server.run_id()),
            trusts_restarts,
            keys: std::array::from_fn(|i| StoredKey::found(&format!("differential:{i}"))),
            slots: std::array::from_fn(|_| Slot::Vacant),
            ahead_ms: 0,
            dice: Dice::new(seed),
        }
    }

    /// Takes steps until the two disagree.
    async fn run(&mut self, steps: usize) -> Result<(), String> {
        let mut last = Vec::new();
        for number in 0..steps {
            let (i, step) = (self.dice.below(KEYS), self.dice.step());
            let before = self.slots[i].clone();
            last.push(format!("{step:?}"));
            let agreed = match &step {
                Step::Jump { .. } => self.jump(step),
                Step::Restart => self.restart(),
                _ => self.step(i, &step).await,
            };
            agreed.map_err(|difference| {
                let earlier = last[last.len().saturating_sub(6)..].join("\n  ");
                format!("step {number} on key {i}, which was {before:?}:\n  {earlier}\n{difference}")
            })?;
        }
        Ok(())
    }

    async fn step(&mut self, i: usize, step: &Step) -> Result<(), String> {
        let now = self.now();
        let slot = std::mem::take(&mut self.slots[i]);
        let (slot, expected) = step.on_slot(&self.keys[i], slot, now);
        self.slots[i] = slot.at(now);
        let backend: &dyn Backend = &self.backend;
        let reply = step.on_backend(&self.keys[i], backend, self.ahead_ms).await;
        agree(&expected, &reply)?;
        self.compare(i)
    }

    fn compare(&mut self, i: usize) -> Result<(), String> {
        let (stored, now, ahead) = (self.stored(i)?, self.now(), self.ahead_ms);
        agree(&state(self.slots[i].clone(), now, 0), &state(stored, now - ahead, ahead))
    }

    /// The state machine's time.
    fn now(&mut self) -> u64 {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME").query(&mut self.looker).unwrap();
        seconds * 1000 + micros / 1000 + self.ahead_ms
    }

    fn raw(&mut self, i: usize) -> Option<(Vec<u8>, u64)> {
        let key = self.keys[i].as_str();
        let (raw, remaining): (Option<Vec<u8>>, i64) =
            redis::pipe().get(key).pttl(key).query(&mut self.looker).unwrap();
        raw.map(|raw| (raw, u64::try_from(remaining).expect("every record has an end")))
    }

    /// The slot as Redis has it, by the server's time.
    fn stored(&mut self, i: usize) -> Result<Slot, String> {
        let server_now = self.now() - self.ahead_ms;
        Ok(match self.raw(i) {
            Some((raw, remaining)) => {
                let slot = record::slot(&raw, server_now + remaining, self.run, self.trusts_restarts);
                if slot.expires().abs_diff(server_now + remaining) >= TOLERANCE_MS {
                    return Err(format!("the key lives for {remaining} ms from {server_now}: {slot:?}"));
                }
                slot.at(server_now)
            }
            None => Slot::Vacant,
        })
    }

    fn jump(&mut self, mut step: Step) -> Result<(), String> {
        let now = self.now();
        let by = loop {
            let Step::Jump { by } = step else { unreachable!("the dice make jumps") };
            let by = u64::try_from(by.as_millis()).unwrap();
            let near = |time: &mut u64| time.abs_diff(now + by) < MARGIN_MS;
            if !self.slots.clone().iter_mut().flat_map(record::slot_times).any(near) {
                break by;
            }
            step = self.dice.jump();
        };
        self.ahead_ms += by;
        for i in 0..KEYS {
            self.age(i, by);
            let slot = std::mem::take(&mut self.slots[i]);
            self.slots[i] = slot.at(now + by);
            self.compare(i)?;
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), String> {
        for i in 0..KEYS {
            if let Some((mut raw, _)) = self.raw(i) {
                record::restart(&mut raw);
                let key = self.keys[i].as_str();
                redis::cmd("SET").arg(key).arg(raw).arg("KEEPTTL").exec(&mut self.looker).unwrap();
            }
            let slot = std::mem::take(&mut self.slots[i]);
            self.slots[i] = slot.after_restart(self.trusts_restarts);
            self.compare(i)?;
        }
        Ok(())
    }

    fn age(&mut self, i: usize, by: u64) {
        let Some((mut raw, remaining)) = self.raw(i) else { return };
        let key = self.keys[i].as_str();
        if remaining <= by {
            return redis::cmd("DEL").arg(key).exec(&mut self.looker).unwrap();
        }
        record::age(&mut raw, by);
        redis::cmd("SET").arg(key).arg(raw).arg("PX").arg(remaining - by).exec(&mut self.looker).unwrap();
    }
}

fn state(mut slot: Slot, now: u64, offset: u64) -> Reply {
    // When a grace that is over was so makes no difference.
    if let Slot::Intent { closed_until, .. } | Slot::Evicted { closed_until, .. } = &mut slot {
        *closed_until = now.max(*closed_until);
    }
    let times_ms =
        record::slot_times(&mut slot).into_iter().map(|time| std::mem::take(time) + offset).collect();
    Reply { times_ms, ..Reply::of(slot) }
}

fn agree(expected: &Reply, found: &Reply) -> Result<(), String> {
    let near = |(a, b): (&u64, &u64)| a.abs_diff(*b) < TOLERANCE_MS;
    let same_times = expected.times_ms.len() == found.times_ms.len()
        && expected.times_ms.iter().zip(&found.times_ms).all(near);
    if expected.what == found.what && same_times {
        return Ok(());
    }
    Err(format!("expected {expected:?}\nbut found {found:?}"))
}

/// A seed, printed, so that a failure can be had again.
fn seed() -> u64 {
    let given = std::env::var("JOLLYCACHE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    eprintln!("JOLLYCACHE_SEED={seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_does_what_the_state_machine_does() {
    run_whole(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_does_what_the_state_machine_does_where_restarts_are_trusted() {
    run_whole(true).await;
}

async fn run_whole(trusts_restarts: bool) {
    let Some(server) = RedisServer::start() else { return };
    let mut pair = Pair::new(&server, &server.url(), seed(), trusts_restarts);
    if let Err(difference) = pair.run(STEPS).await {
        panic!("{difference}");
    }
}

/// Runs the steps with one text of one script replaced by another.
async fn run_broken(trusts_restarts: bool, name: &str, code: &str, from: &str, to: &str) {
    let Some(server) = &RedisServer::start() else { return };
    let whole = format!("{RECORD}{code}");
    assert!(whole.contains(from), "{name} has no {from:?}");
    let broken = whole.replacen(from, to, 1);
    let hash = |code: &str| redis::Script::new(code).get_hash().to_owned();
    redis::cmd("SCRIPT").arg("LOAD").arg(&broken).exec(&mut server.client()).unwrap();
    redis::cmd("FLUSHALL").exec(&mut server.client()).unwrap();
    let line = ScriptSwap::start(server.port(), hash(&whole), hash(&broken)).await;
    let mut pair = Pair::new(server, &line.url(), seed(), trusts_restarts);
    // It ends with the first difference; some need a rare state.
    assert!(pair.run(10 * STEPS).await.is_err(), "{name} without {from:?} was not noticed");
}

macro_rules! broken_scripts {
    (trust_restarts($trusts:literal); $($test:ident: $file:literal, $from:literal => $to:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let code = include_str!(concat!("../../../jollycache/src/backend/redis/scripts/", $file));
            run_broken($trusts, $file, code, $from, $to).await;
        }
    )*};
}

broken_scripts! {
    trust_restarts(false);
    a_fill_that_does_not_compare_is_noticed:
        "fill.lua", "lease_granted(record, kind, ARGV[1], now)" => "lease_of(record, kind, now)";
    a_fill_that_ends_its_successors_lease_is_noticed:
        "fill.lua", "if holder ~= ARGV[1] then" => "if false then";
    a_fill_of_an_older_version_is_noticed:
        "fill.lua", "if too_old(ARGV[2], floor_of(record, kind)) then" => "if false then";
    a_release_that_does_not_compare_is_noticed:
        "release.lua", "lease_granted(record, kind, ARGV[1], now)" => "lease_of(record, kind, now)";
    a_release_of_its_successors_lease_is_noticed:
        "release.lua", "if holder == ARGV[1] then" => "if true then";
    a_second_lease_is_noticed:
        "lease.lua", "if holder and holder ~= ARGV[2] then" => "if false then";
    a_lease_under_an_intent_is_noticed:
        "lease.lua", "if kind == 'I' or closed_until > now then" => "if closed_until > now and kind ~= 'I' then";
    a_lease_within_the_grace_is_noticed:
        "lease.lua", "if kind == 'I' or closed_until > now then" => "if kind == 'I' then";
    an_ended_lease_that_still_counts_is_noticed:
        "lease.lua", "if until_ms and until_ms > now then" => "if until_ms then";
    writers_that_do_not_poison_are_noticed:
        "begin_write.lua", "others ~= '' and 1 or" => "others ~= '' and 0 or";
    an_invalidation_that_does_not_poison_is_noticed:
        "invalidate.lua", "if kind == 'I' then\n  poison(record, now + grace_ms, now)" => "if kind == 'I' then\n";
    a_sweep_that_does_not_poison_is_noticed:
        "sweep.lua", "if kind == 'I' then\n  poison(record, now + grace_ms, now)" => "if kind == 'I' then\n";
    a_late_end_that_drops_nothing_is_noticed:
        "end_write.lua", "  evict(record, kind, grace_ms, now)\n  publish(CHANGED)" => "  publish(CHANGED)";
    a_strangers_end_that_does_not_poison_is_noticed:
        "end_write.lua", "announced and poisoned or 1" => "poisoned";
    a_poisoned_put_is_noticed:
        "end_write.lua", "announced and poisoned == 0" => "announced";
    a_dead_writer_that_still_keeps_others_out_is_noticed:
        "take_lease.lua", "or millis_at(record, 11) > now then" => "or true then";
    an_intent_that_forgets_the_grace_is_noticed:
        "lease.lua", "math.max(millis_at(record, 11), closed_until)" => "millis_at(record, 11)";
    a_lease_that_is_taken_and_forgets_the_grace_is_noticed:
        "take_lease.lua", "closed_until > now and closed_until or 0" => "0";
    a_lease_that_is_taken_over_without_its_lineage_is_noticed:
        "take_lease.lua", "string.sub(holder, 1, LINEAGE_BYTES) .. string.sub(token, LINEAGE_BYTES + 1)" => "token";
    a_lease_that_forgets_the_version_is_noticed:
        "lease.lua", "return left, 'E'" => "return false, nil";
    a_lease_that_is_taken_under_an_intent_is_noticed:
        "take_lease.lua", "if kind == 'I' then\n  return false\nend\n" => "";
    a_sweep_of_another_region_is_noticed:
        "sweep.lua", "ARGV[1] ~= '' and" => "false and";
    a_lease_of_another_run_that_counts_is_noticed:
        "fill.lua", "string.sub(record, 7, 10) == RUN or" => "string.sub(record, 7, 10) == RUN or kind == 'L' or";
    a_value_of_another_run_that_counts_is_noticed:
        "ttl.lua", "(kind == 'V' and TRUSTS)" => "kind == 'V'";
    an_intent_of_another_run_that_lets_its_writer_store_is_noticed:
        "end_write.lua", "string.sub(record, 1, 30) .. '\\1'" => "string.sub(record, 1, 31)";
    a_version_of_another_run_that_is_forgotten_is_noticed:
        "lease.lua", "0, closed_of(record, kind), floor_of(record, kind))" => "0, closed_of(record, kind), NO_FLOOR)";
}

broken_scripts! {
    trust_restarts(true);
    a_trusted_value_whose_lease_of_another_run_counts_is_noticed:
        "lease.lua", "if leased and string.sub(record, -20, -17) == RUN then" => "if leased then";
    a_trusted_value_that_does_not_count_is_noticed:
        "ttl.lua", "(kind == 'V' and TRUSTS)" => "false";
}
