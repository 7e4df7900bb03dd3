//! `ReadMany`: many typed reads that share one round trip and one load. What it does with each of them is
//! [`ReadThrough`]'s.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;

use futures_util::future::join_all;

use super::{Cache, Fallible, Mode, ReadThrough, mode};
use crate::Value;
use crate::clock;
use crate::engine::{Found, LoadGuard, LoadResult, Loading, Lookup};
use crate::key::Key;

/// One of the reads.
struct Read<'a, V: Value, E> {
    key: Key,
    through: ReadThrough<'a, Fallible<V, E>>,
}

/// A read that is to be loaded.
struct Missing<'a, V: Value, E> {
    read: Read<'a, V, E>,
    guard: Box<LoadGuard>,
}

/// Reads that are answered together.
pub(super) struct ReadMany<'a, V: Value, E> {
    cache: Cache,
    reads: Vec<Read<'a, V, E>>,
    values: HashMap<Key, V>,
    missing: Vec<Missing<'a, V, E>>,
}

impl<'a, V: Value, E> ReadMany<'a, V, E> {
    pub(super) fn new(
        cache: Cache,
        reads: impl Iterator<Item = (Key, ReadThrough<'a, Fallible<V, E>>)>,
    ) -> Self {
        let reads: Vec<_> = reads.map(|(key, through)| Read { key, through }).collect();
        let values = HashMap::with_capacity(reads.len());
        ReadMany { cache, reads, values, missing: Vec::new() }
    }

    /// Returns the cached values, and those that `load` returns for the others.
    pub(super) async fn run<F, L>(mut self, load: F) -> Result<HashMap<Key, V>, E>
    where
        F: FnOnce(Vec<Key>) -> L,
        L: Future<Output = Result<HashMap<Key, V>, E>>,
    {
        let reads = std::mem::take(&mut self.reads);
        let lookups = lookups_of(&reads);
        let found = match mode() {
            Mode::Normal => self.cache.engine.read_many(&lookups).find().await,
            Mode::Refresh => self.cache.engine.read_many(&lookups).force_refresh().await,
            Mode::Bypass => return bypass(reads, load).await,
        };
        let unreadable = self.take(reads, found);
        if !unreadable.is_empty() {
            let found = self.cache.engine.read_many(&lookups_of(&unreadable)).replace_unreadable().await;
            // Twice unreadable: another build writes what this one cannot read.
            for read in self.take(unreadable, found) {
                let guard = self.cache.engine.read(read.through.lookup()).bypass();
                self.missing.push(Missing { read, guard });
            }
        }
        if self.missing.is_empty() { Ok(self.values) } else { self.load(load).await }
    }

    /// Takes the values that were found, and what is to be loaded. Returns the reads whose entry does not decode.
    fn take(&mut self, reads: Vec<Read<'a, V, E>>, found: Vec<Found>) -> Vec<Read<'a, V, E>> {
        let mut unreadable = Vec::new();
        for (mut read, found) in reads.into_iter().zip(found) {
            match found {
                Found::Load(guard) => self.missing.push(Missing { read, guard }),
                Found::Entry { entry, waited } => match read.through.open(&entry, waited) {
                    Some(Ok(value)) => {
                        read.through.report();
                        self.values.insert(read.key, value);
                    }
                    Some(Err(_)) | None => unreadable.push(read),
                },
                Found::Shared { .. } | Found::SharedFailure(_) => unreadable.push(read),
            }
        }
        unreadable
    }

    async fn load<F, L>(self, load: F) -> Result<HashMap<Key, V>, E>
    where
        F: FnOnce(Vec<Key>) -> L,
        L: Future<Output = Result<HashMap<Key, V>, E>>,
    {
        let ReadMany { cache, mut values, mut missing, .. } = self;
        let keys = missing.iter().map(|missing| missing.read.key.clone()).collect();
        let stored = missing.iter().map(|missing| missing.read.through.lookup().key.clone()).collect();
        let began = clock::now();
        // It runs in the place of the one that has it, where one has.
        let runs = missing.iter().position(|missing| missing.guard.has_place()).unwrap_or_default();
        let Some(Missing { guard, .. }) = missing.get_mut(runs) else { return Ok(values) };
        let loaded = Loading::run(&cache.engine.store, stored, false, guard.run(pin!(load(keys)))).await;
        let took = (began, clock::now());
        for Missing { read, .. } in &mut missing {
            read.through.loaded_in(took);
        }
        match loaded {
            Ok(loaded) => {
                join_all(missing.into_iter().map(|missing| missing.complete(&loaded))).await;
                values.extend(loaded);
                Ok(values)
            }
            Err(error) => match stale_in_place_of_failure(missing).await {
                Some(stale) => {
                    values.extend(stale);
                    Ok(values)
                }
                None => Err(error),
            },
        }
    }
}

impl<V: Value, E> Missing<'_, V, E> {
    async fn complete(mut self, loaded: &HashMap<Key, V>) {
        let result = match loaded.get(&self.read.key) {
            Some(value) => self.read.through.storable(value),
            None => LoadResult::None { ttl: None },
        };
        self.read.through.complete_load(self.guard, result).await;
        self.read.through.missed("load");
    }
}

/// The load failed for all of them. Returns their stale values, if each has one: less than all is a failure.
async fn stale_in_place_of_failure<V: Value, E>(missing: Vec<Missing<'_, V, E>>) -> Option<Vec<(Key, V)>> {
    let serves = missing.iter().all(|missing| missing.guard.has_stale());
    let failed = missing.into_iter().map(|Missing { mut read, mut guard }| async move {
        if !serves {
            drop(guard.take_stale());
        }
        let stale = read.through.fail_load(guard, None).await;
        read.through.missed("load");
        stale.and_then(Result::ok).map(|value| (read.key, value))
    });
    join_all(failed).await.into_iter().collect()
}

/// Loads all of them, past the cache.
async fn bypass<V, E, F, L>(reads: Vec<Read<'_, V, E>>, load: F) -> Result<HashMap<Key, V>, E>
where
    V: Value,
    F: FnOnce(Vec<Key>) -> L,
    L: Future<Output = Result<HashMap<Key, V>, E>>,
{
    let began = clock::now();
    let loaded = load(reads.iter().map(|read| read.key.clone()).collect()).await;
    let took = (began, clock::now());
    for mut read in reads {
        read.through.loaded_in(took);
        read.through.bypassed();
    }
    loaded
}

fn lookups_of<'r, V: Value, E>(reads: &'r [Read<'_, V, E>]) -> Vec<&'r Lookup> {
    reads.iter().map(|read| read.through.lookup()).collect()
}
