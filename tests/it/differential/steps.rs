//! One random step, taken by the state machine and by Redis.

use std::time::Duration;

use bytes::Bytes;
use jollycache::backend::state::Slot;
use jollycache::backend::{
    Backend, Codec, Draft, Entry, Fingerprint, Lease, LeaseMode, LeaseRequest, RegionId, Selection, TagStamp,
    Token, Version, WriteEnd,
};
use jollycache::key::StoredKey;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::record::entry_times;

const REGIONS: [RegionId; 2] = [RegionId(0x0102_0304), RegionId(7)];

/// What can be done to a key.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Read,
    Ttl,
    Lease {
        region: RegionId,
        token: Token,
        ttl: Duration,
        live_tags: Vec<TagStamp>,
        mode: LeaseMode,
    },
    Fill {
        token: Token,
        draft: Draft,
    },
    Release {
        token: Token,
    },
    Take {
        region: RegionId,
        token: Token,
        ttl: Duration,
    },
    Invalidate {
        grace: Duration,
    },
    Sweep {
        region: Option<RegionId>,
        grace: Duration,
    },
    Expire {
        ttl: Duration,
    },
    Begin {
        region: RegionId,
        token: Token,
        ttl: Duration,
    },
    Put {
        token: Token,
        draft: Draft,
    },
    Evict {
        token: Token,
        grace: Duration,
    },
    /// Time passes.
    Jump {
        by: Duration,
    },
    /// The server starts again from a dump of what is there.
    Restart,
}

/// What came of it, with the times apart, since two clocks agree only nearly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) what: String,
    pub(crate) times_ms: Vec<u64>,
}

impl Reply {
    pub(crate) fn of(what: impl std::fmt::Debug) -> Self {
        Reply { what: format!("{what:?}"), times_ms: Vec::new() }
    }

    /// `offset` is what this store's time lags behind.
    fn of_entry(what: &str, entry: Option<Entry>, remaining: Option<Duration>, offset: u64) -> Self {
        let mut entry = entry;
        let mut times_ms: Vec<u64> =
            remaining.iter().map(|remaining| u64::try_from(remaining.as_millis()).unwrap()).collect();
        for time in entry.iter_mut().flat_map(entry_times) {
            times_ms.push(*time + offset);
            *time = 0;
        }
        Reply { what: format!("{what} {entry:?}"), times_ms }
    }

    fn of_lease(lease: Lease, offset: u64) -> Self {
        match lease {
            Lease::Hit(entry) => Reply::of_entry("hit", Some(entry), None, offset),
            Lease::Leased { stale } => Reply::of_entry("leased", stale, None, offset),
            Lease::Wait { stale, remaining } => Reply::of_entry("wait", stale, Some(remaining), offset),
            Lease::Bypass { remaining } => Reply::of_entry("bypass", None, Some(remaining), offset),
        }
    }
}

/// Makes steps, the same ones from the same seed.
#[derive(Debug)]
pub(crate) struct Dice {
    random: StdRng,
    /// No writes or evictions for a while, so that values live long enough to be refreshed.
    calm: bool,
    /// What comes next, the last one first.
    planned: Vec<Step>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice { random: StdRng::seed_from_u64(seed), calm: false, planned: Vec::new() }
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// One of few, so that it is often the right one. Some have the lineage of another.
    fn token(&mut self) -> Token {
        let [own, other] = [(); 2].map(|()| Token([u8::try_from(self.below(3)).unwrap() + 1; 16]));
        if self.chance(60) { own } else { own.succeeding(other) }
    }

    fn region(&mut self) -> RegionId {
        *REGIONS.choose(&mut self.random).unwrap()
    }

    /// Never so short that the test's own time matters.
    fn minutes(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_secs(self.random.random_range(from * 60..to * 60))
    }

    fn mode(&mut self) -> LeaseMode {
        match self.below(10) {
            0 => LeaseMode::Replace,
            1 | 2 => LeaseMode::Refresh,
            _ => LeaseMode::Load,
        }
    }

    fn grace(&mut self) -> Duration {
        if self.chance(75) { Duration::ZERO } else { self.minutes(3, 30) }
    }

    fn tags(&mut self) -> Vec<TagStamp> {
        let names: &[&str] = [&[][..], &[], &["a"], &["a", "b"]].choose(&mut self.random).unwrap();
        let id = |dice: &mut Self| Token([if dice.chance(85) { 0xA1 } else { 0xA2 }; 16]);
        names.iter().map(|name| TagStamp { name: (*name).into(), id: id(self) }).collect()
    }

    fn draft(&mut self) -> Draft {
        // In the order of the fields, by which a seed stays the same story.
        let length = self.below(40);
        let (region, none) = (self.region(), self.chance(10));
        let (schema, fingerprint, cost_us) =
            (self.random.random(), Fingerprint(self.random.random()), self.random.random());
        let version = self.chance(50).then(|| Version::from(i32::try_from(self.below(5)).unwrap() - 2));
        let (tags, ttl) = (self.tags(), self.minutes(3, 15));
        // Long beside a lease, so that a stale value outlives some of its refreshers.
        let stale = if self.chance(30) { Duration::ZERO } else { self.minutes(10, 90) };
        let payload = Bytes::from((0..length).map(|_| self.random.random()).collect::<Vec<u8>>());
        let mut draft = Draft::new(region, Codec::Json, fingerprint, ttl, payload);
        (draft.none, draft.schema, draft.cost_us) = (none, schema, cost_us);
        (draft.version, draft.tags, draft.stale) = (version, tags, stale);
        draft
    }

    pub(crate) fn step(&mut self) -> Step {
        if self.planned.is_empty() && self.chance(1) {
            self.plan_a_write_over_a_restart();
        }
        self.planned.pop().unwrap_or_else(|| self.any_step())
    }

    /// A sole writer whose server starts again before its end: by chance alone it would be too seldom.
    fn plan_a_write_over_a_restart(&mut self) {
        let (token, region, ttl) = (self.token(), self.region(), self.minutes(3, 30));
        let everything_ends = Step::Jump { by: Duration::from_hours(2) };
        let put = Step::Put { token, draft: self.draft() };
        self.planned = vec![put, Step::Restart, Step::Begin { region, token, ttl }, everything_ends];
    }

    fn any_step(&mut self) -> Step {
        let token = self.token();
        self.calm ^= self.chance(2);
        let faces = if self.calm { 19 } else { 31 };
        match self.below(faces) {
            0 => Step::Read,
            1 => Step::Ttl,
            2..=7 => Step::Lease {
                region: self.region(),
                token,
                ttl: self.minutes(3, 12),
                live_tags: self.tags(),
                mode: self.mode(),
            },
            8..=11 => Step::Fill { token, draft: self.draft() },
            12 | 13 => Step::Release { token },
            14 if self.chance(40) => Step::Restart,
            14..=16 => self.jump(),
            17 | 18 => Step::Take { region: self.region(), token, ttl: self.minutes(3, 12) },
            19..=21 => Step::Invalidate { grace: self.grace() },
            22 => Step::Sweep {
                region: if self.chance(50) { None } else { Some(self.region()) },
                grace: self.grace(),
            },
            23 => Step::Expire { ttl: self.minutes(3, 60) },
            24..=26 => Step::Begin { region: self.region(), token, ttl: self.minutes(3, 30) },
            27..=29 => Step::Put { token, draft: self.draft() },
            _ => Step::Evict { token, grace: self.grace() },
        }
    }

    pub(crate) fn jump(&mut self) -> Step {
        Step::Jump { by: if self.chance(80) { self.minutes(1, 10) } else { self.minutes(10, 60) } }
    }
}

impl Step {
    /// What the state machine does.
    pub(crate) fn on_slot(&self, key: &StoredKey, slot: Slot, now: u64) -> (Slot, Reply) {
        fn reply<T: std::fmt::Debug>((slot, answer): (Slot, T)) -> (Slot, Reply) {
            (slot, Reply::of(answer))
        }
        match self.clone() {
            Step::Read => {
                let slot = slot.at(now);
                let entry = slot.entry().cloned();
                (slot, Reply::of_entry("read", entry, None, 0))
            }
            Step::Ttl => {
                let slot = slot.at(now);
                let held = slot.entry().map(|_| Duration::from_millis(slot.expires() - now));
                (slot, Reply::of_entry("ttl", None, held, 0))
            }
            Step::Lease { region, token, ttl, live_tags, mode } => {
                let mut request = LeaseRequest::new(key, region, token, ttl);
                (request.live_tags, request.mode) = (&live_tags, mode);
                let (slot, lease) = slot.lease(now, &request);
                (slot, Reply::of_lease(lease, 0))
            }
            Step::Fill { token, draft } => reply(slot.fill(now, token, &draft)),
            Step::Release { token } => reply(slot.release(now, token)),
            Step::Take { region, token, ttl } => reply(slot.take_lease(now, region, token, ttl)),
            Step::Invalidate { grace } => {
                let (slot, held) = slot.invalidate(now, grace);
                (slot, Reply::of(u64::from(held)))
            }
            Step::Sweep { region, grace } => {
                let slot = slot.at(now);
                // A scan finds what is there, and of a region what is of it.
                if slot == Slot::Vacant || region.is_some_and(|region| slot.region() != Some(region)) {
                    return (slot, Reply::of(0));
                }
                let (slot, held) = slot.invalidate(now, grace);
                (slot, Reply::of(u64::from(held)))
            }
            Step::Expire { ttl } => reply(slot.expire(now, ttl)),
            Step::Begin { region, token, ttl } => reply((slot.begin_write(now, region, token, ttl), ())),
            Step::Put { token, draft } => reply(slot.end_write(now, token, &WriteEnd::Put(&draft))),
            Step::Evict { token, grace } => reply(slot.end_write(now, token, &WriteEnd::Evict { grace })),
            Step::Jump { .. } | Step::Restart => (slot, Reply::of(())),
        }
    }

    /// What the backend does, whose time lags behind by `offset`.
    pub(crate) async fn on_backend(&self, key: &StoredKey, backend: &dyn Backend, offset: u64) -> Reply {
        let keys = std::slice::from_ref(key);
        match self.clone() {
            Step::Read => Reply::of_entry("read", backend.read(key, &[]).await.unwrap().entry, None, offset),
            Step::Ttl => {
                Reply::of_entry("ttl", None, backend.lifetimes().unwrap().ttl(key).await.unwrap(), offset)
            }
            Step::Lease { region, token, ttl, live_tags, mode } => {
                let mut request = LeaseRequest::new(key, region, token, ttl);
                (request.live_tags, request.mode) = (&live_tags, mode);
                Reply::of_lease(backend.lease(request).await.unwrap(), offset)
            }
            Step::Fill { token, draft } => {
                Reply::of(backend.fill(key, token, &draft, &[]).await.unwrap().stored)
            }
            Step::Release { token } => Reply::of(backend.release(key, token).await.unwrap()),
            Step::Take { region, token, ttl } => {
                Reply::of(backend.take_lease(key, region, token, ttl).await.unwrap())
            }
            Step::Invalidate { grace } => Reply::of(backend.invalidate(keys, &[], grace).await.unwrap()),
            Step::Sweep { region, grace } => {
                let selection = Selection::new(key.as_str(), region, grace);
                Reply::of(backend.invalidate_matching(selection).await.unwrap())
            }
            Step::Expire { ttl } => Reply::of(backend.lifetimes().unwrap().expire(key, ttl).await.unwrap()),
            Step::Begin { region, token, ttl } => {
                backend.begin_write(key, region, token, ttl).await.unwrap();
                Reply::of(())
            }
            Step::Put { token, draft } => {
                Reply::of(backend.end_write(key, token, WriteEnd::Put(&draft)).await.unwrap())
            }
            Step::Evict { token, grace } => {
                Reply::of(backend.end_write(key, token, WriteEnd::Evict { grace }).await.unwrap())
            }
            Step::Jump { .. } | Step::Restart => Reply::of(()),
        }
    }
}
