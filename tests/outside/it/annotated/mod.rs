//! Generated functions, whose options are drawn by chance, against a model of what must be served.

mod model;
mod spec;
mod world;

use std::fmt::Write as _;
use std::sync::Arc;

use jollycache::backend::Backend;
use jollycache::{Cache, MemoryBackend, RedisBackend};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use self::model::{Expected, Model};
use self::spec::{Group, Writer};
use self::world::{Answer, Place, World};
use crate::caches::patient;

/// Written by build/main.rs.
#[allow(clippy::all, clippy::pedantic, reason = "generated")]
#[allow(unused_imports, dead_code, reason = "which of them a group uses is drawn by chance")]
mod generated {
    use std::sync::Arc;
    use std::time::Duration;

    use jollycache::{Cache, KeyPart, cache_config, cache_evict, cache_put, cacheable};

    use super::spec::*;
    use super::world::*;

    include!(concat!(env!("OUT_DIR"), "/annotated.rs"));
}

/// How many calls are made of each group.
const CALLS: usize = 60;
const IDS: [u64; 3] = [0, 1, u64::MAX];
const NAMES: [&str; 5] = ["", "tea", "a:b*{}", "!", "é\n\0"];

/// One group, its source, and what is known of it.
struct Trial<'a> {
    group: &'a Group,
    world: World,
    model: Model,
    rng: StdRng,
    log: String,
}

impl Trial<'_> {
    async fn run(&mut self) {
        for id in IDS {
            for name in NAMES {
                self.change(&(id, name.to_owned()));
            }
        }
        for _ in 0..CALLS {
            // Few places, so that something is there to be hit; all of them sometimes.
            let most = if self.rng.random_range(0..3) == 0 { NAMES.len() } else { 2 };
            let id = *IDS.choose(&mut self.rng).expect("an id");
            let place = (id, NAMES[self.rng.random_range(0..most)].to_owned());
            match self.rng.random_range(0..10) {
                0 => self.change(&place),
                1..=6 => self.read(&place).await,
                _ => {
                    let group = self.group;
                    let writer = group.writers.choose(&mut self.rng).expect("a writer");
                    self.write(writer, &place).await;
                }
            }
        }
    }

    /// Something that this function may return.
    fn answer(&mut self, place: &Place, none: bool, fails: bool) -> Answer {
        match self.rng.random_range(0..8) {
            0 | 1 if none => Answer::None,
            2 if fails => Answer::Failure,
            bad => Answer::Item(self.world.next_item(self.group.number, place, bad < 4)),
        }
    }

    fn change(&mut self, place: &Place) {
        let answer = self.answer(place, self.group.spec.none, self.group.spec.fails);
        let _ = writeln!(self.log, "source  {place:?} = {answer:?}");
        self.world.set(self.group.number, place, answer);
    }

    async fn read(&mut self, place: &Place) {
        let before = self.world.runs();
        let (answer, calls) = jollycache::collect((self.group.read)(place.0, place.1.clone())).await;
        let runs = self.world.runs() - before;
        let outcomes: Vec<_> =
            calls.reports().iter().map(|call| (call.operation(), call.outcome(), call.is_stored())).collect();
        let _ = writeln!(self.log, "read    {place:?} = {answer:?}, {runs} runs {outcomes:?}");
        let held = self.world.held(self.group.number, place);
        let right = match self.model.expected(self.group.spec, place) {
            Expected::Hit(stored) => (runs, &answer) == (0, &stored),
            Expected::Load => (runs, &answer) == (1, &held),
            Expected::Either(stored) => (runs, &answer) == (0, &stored) || (runs, &answer) == (1, &held),
        };
        assert!(right, "{}", self.report(place));
        match runs {
            0 => self.model.found(place),
            _ => self.model.loaded(self.group.spec, place, &answer),
        }
    }

    async fn write(&mut self, writer: &Writer, place: &Place) {
        // A group's source holds what its reader may return.
        let (none, fails) = (writer.none && self.group.spec.none, writer.fails);
        let plan = self.answer(place, none, fails);
        self.world.plan(plan.clone());
        let inner = writer.reads.then(|| self.world.held(self.group.number, place));
        let (answer, calls) = jollycache::collect((writer.call)(place.0, place.1.clone())).await;
        let outcomes: Vec<_> =
            calls.reports().iter().map(|call| (call.operation(), call.outcome())).collect();
        let _ = writeln!(self.log, "{} {place:?} = {answer:?} {outcomes:?}", writer.name);
        assert_eq!(answer, plan, "a writer's value was changed: {}", self.report(place));
        self.model.wrote(self.group.spec, writer.steps, place, inner.as_ref(), &answer);
    }

    fn report(&self, place: &Place) -> String {
        let expected = self.model.expected(self.group.spec, place);
        let mut report = format!("{place:?}: expected {expected:?}\n{}\n", self.group.text);
        for writer in &self.group.writers {
            let _ = writeln!(report, "{}: {}", writer.name, writer.text);
        }
        report + &self.log
    }
}

async fn every_group(backend: Arc<dyn Backend>, mut rng: StdRng) {
    let unused = patient("unused", MemoryBackend::new());
    let groups = generated::groups(&unused);
    let mut wrong = Vec::new();
    for group in &groups {
        let cache = Cache::builder()
            .namespace(format!("outside:g{}", group.number))
            .shared_backend(Arc::clone(&backend))
            .default_policy(crate::caches::patience())
            .build()
            .expect("a cache");
        let world = World::default();
        let trial_world = world.clone();
        let mut trial = Trial {
            group,
            world,
            model: Model::default(),
            rng: rand::SeedableRng::seed_from_u64(rng.random()),
            log: String::new(),
        };
        let run = std::panic::AssertUnwindSafe(jollycache::scope(cache, trial_world.scope(trial.run())));
        if futures_util::FutureExt::catch_unwind(run).await.is_err() {
            wrong.push(group.number);
        }
    }
    assert!(wrong.is_empty(), "{} of {} groups: {wrong:?}", wrong.len(), groups.len());
}

#[tokio::test]
async fn generated_functions_in_memory_match_the_model() {
    let rng = seed::rng("generated_functions_in_memory");
    every_group(Arc::new(MemoryBackend::new()), rng).await;
}

#[tokio::test]
async fn generated_functions_on_redis_match_the_model() {
    let rng = seed::rng("generated_functions_on_redis");
    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).build().expect("a backend");
    every_group(Arc::new(backend), rng).await;
}
