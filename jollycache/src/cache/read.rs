//! Reads: `get`, `get_or_load`, `update`.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use super::codec::decode;
use super::read_many::ReadMany;
use super::{Cache, Fallible, Hooks, OptionalResult, ReadThrough, ReturnKind};
use crate::Value;
use crate::call_report::{self, CallOutcome, Operation, Outcome};
use crate::clock;
use crate::engine::{LoadResult, Lookup, LookupSpec, TypeOf};
use crate::entry::{Entry, Fingerprint};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::policy::{Policy, Resolved};
use crate::region::DEFAULT_REGION;
use crate::tracker::{Count, Timed};

/// Attempts of [`Cache::update`].
const MAX_UPDATE_ATTEMPTS: usize = 16;

impl Cache {
    /// Returns the cached value, fresh or stale within its window. `None` means a miss, a cached `None`, or a value of another
    /// type than `V`. [`bypass`](crate::bypass) and [`refresh`](crate::refresh) have no effect on it.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.get::<String>("greeting").await?, None);
    /// cache.put("greeting", &"hello".to_owned(), &Policy::new()).await?;
    /// assert_eq!(cache.get("greeting").await?, Some("hello".to_owned()));
    /// assert_eq!(cache.get::<u64>("greeting").await?, None); // not a number
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails. Cancel safe.
    pub async fn get<V: Value>(&self, key: impl Into<Key>) -> Result<Option<V>> {
        let lookup = self.lookup::<V>(&key.into(), &Policy::default());
        let entry = self.engine.read(&lookup).peek().await?;
        Ok(take(&lookup, entry.as_ref()))
    }

    /// As [`Cache::get`], for many keys, in their order. Takes one round trip, or two where values have tags.
    ///
    /// ```
    /// # use jollycache::{Cache, Key, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.put("price:1", &990, &Policy::new()).await?;
    /// let prices = cache.get_many(&[Key::from("price:1"), Key::from("price:2")]).await?;
    /// assert_eq!(prices, [Some(990), None]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn get_many<V: Value>(&self, keys: &[Key]) -> Result<Vec<Option<V>>> {
        let lookups: Vec<_> = keys.iter().map(|key| self.lookup::<V>(key, &Policy::default())).collect();
        let entries = self.engine.read_many(&lookups.iter().collect::<Vec<_>>()).peek().await?;
        Ok(lookups.iter().zip(entries).map(|(lookup, entry)| take(lookup, entry.as_ref())).collect())
    }

    /// Returns the cached value, or loads, stores and returns it. Concurrent callers share one load
    /// ([`Policy::single_flight`]).
    ///
    /// The same as `#[cacheable]` on a function that returns `Result<V, E>`. A failing backend does not fail the call.
    /// An `Err` is not stored.
    ///
    /// A `load` that reads its own key, through another cached function for example, does not wait for itself: the inner call
    /// runs uncached, with one warning per region. This is detected within one task; a task that `load` spawns and awaits
    /// waits for [`Policy::wait`], as any other caller does.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let policy = Policy::new().ttl(Duration::from_secs(60));
    /// let from_source = || async { Ok::<_, std::io::Error>("hello".to_owned()) };
    /// let first = cache.get_or_load("greeting", &policy, from_source).await.unwrap();
    /// let second = cache.get_or_load("greeting", &policy, from_source).await.unwrap(); // a hit
    /// assert_eq!((first, cache.stats().total.loads), (second, 1));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of `load`. When the future is dropped, the load is dropped with it and the next waiter takes over.
    pub async fn get_or_load<V, E, F, L>(&self, key: impl Into<Key>, policy: &Policy, load: F) -> Result<V, E>
    where
        V: Value,
        F: FnOnce() -> L,
        L: Future<Output = Result<V, E>>,
    {
        self.read_through::<Fallible<V, E>>(&key.into(), policy).run(load).await
    }

    /// As [`Cache::get_or_load`], for a value that may not exist: `None` is stored for the policy's
    /// [`none_ttl`](Policy::none_ttl), if it has one.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let policy = Policy::new().none_ttl(Duration::from_secs(5));
    /// let load = || async { Ok::<Option<String>, std::io::Error>(None) };
    /// assert_eq!(cache.get_or_load_option("product:0", &policy, load).await.unwrap(), None);
    /// assert_eq!(cache.get_or_load_option("product:0", &policy, load).await.unwrap(), None); // a hit
    /// assert_eq!(cache.stats().total.loads, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get_or_load_option<V, E, F, L>(
        &self,
        key: impl Into<Key>,
        policy: &Policy,
        load: F,
    ) -> Result<Option<V>, E>
    where
        V: Value,
        F: FnOnce() -> L,
        L: Future<Output = Result<Option<V>, E>>,
    {
        self.read_through::<OptionalResult<V, E>>(&key.into(), policy).run(load).await
    }

    /// Returns the cached values, and loads those without a fresh value with a single call of `load`. Keys that `load` does
    /// not return are missing in the result.
    ///
    /// A key that another caller is loading is served stale if the policy permits it; otherwise it is loaded here too, and not
    /// stored. A failing backend does not fail the call. [`bypass`](crate::bypass) and [`refresh`](crate::refresh) apply to
    /// each key as in [`Cache::get_or_load`].
    ///
    /// ```
    /// # use jollycache::{Cache, Key, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let keys = [1, 2].map(|id| Key::builder().literal("price:").part(&id).build());
    /// cache.put(&keys[0], &990, &Policy::new()).await?;
    /// let prices = cache
    ///     .get_or_load_many(&keys, &Policy::new(), |missing| async move {
    ///         // One query for all that are missing.
    ///         Ok::<_, std::io::Error>(missing.into_iter().map(|key| (key, 1490)).collect())
    ///     })
    ///     .await
    ///     .unwrap();
    /// assert_eq!((prices[&keys[0]], prices[&keys[1]]), (990, 1490));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of `load`, unless all keys passed to it have a stale value, which is then served. Nothing is stored in either
    /// case.
    ///
    /// # Cancel safety
    /// If the future is dropped, the load is dropped with it.
    pub async fn get_or_load_many<V, E, F, L>(
        &self,
        keys: &[Key],
        policy: &Policy,
        load: F,
    ) -> Result<HashMap<Key, V>, E>
    where
        V: Value,
        F: FnOnce(Vec<Key>) -> L,
        L: Future<Output = Result<HashMap<Key, V>, E>>,
    {
        let reads = keys.iter().map(|key| (key.clone(), self.read_through(key, policy)));
        Box::pin(ReadMany::new(self.clone(), reads).run(load)).await
    }

    /// Replaces a cached value by compare-and-set: computes the new value by `change`, stores it if the entry has not changed
    /// meanwhile, and otherwise retries, at most 16 times. `change` gets `None` where there is no value, and may be called
    /// more than once. Returns the stored value.
    ///
    /// For values whose source is the cache itself. `policy` gives the lifetime; the tags are those of the old value, or the
    /// policy's where there was none.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let add = |item: &str| {
    ///     let item = item.to_owned();
    ///     move |basket: Option<Vec<String>>| [basket.unwrap_or_default(), vec![item.clone()]].concat()
    /// };
    /// cache.update("basket:7", &Policy::new(), add("tea")).await?;
    /// let basket = cache.update("basket:7", &Policy::new(), add("milk")).await?;
    /// assert_eq!(basket, ["tea", "milk"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Contended`](crate::ErrorKind::Contended) when another writer interfered with every attempt, and at once
    /// inside a load of the same key; otherwise as [`Cache::put`].
    pub async fn update<V: Value>(
        &self,
        key: impl Into<Key>,
        policy: &Policy,
        mut change: impl FnMut(Option<V>) -> V,
    ) -> Result<V> {
        let key = key.into();
        for _ in 0..MAX_UPDATE_ATTEMPTS {
            let lookup = self.lookup::<V>(&key, policy);
            let (old, guard) = self.engine.read(&lookup).lease_for_update().await?;
            let old = old.filter(|entry| !entry.none).and_then(|entry| decode(&entry.payload));
            let new = change(old);
            let payload = self.payload(&lookup.region, &new, 0)?;
            let Resolved { ttl, stale, .. } = lookup.policy;
            if guard.store_if_untouched(LoadResult::Value { payload, ttl, stale, version: None }).await {
                return Ok(new);
            }
        }
        let why = format!("{key} changed during each of {MAX_UPDATE_ATTEMPTS} attempts to update it");
        Err(Error::new(ErrorKind::Contended, why))
    }

    fn lookup<V: Value>(&self, key: &Key, policy: &Policy) -> Lookup {
        Lookup::new(&self.engine, &lookup_spec::<V>(key, policy))
    }

    fn read_through<K: ReturnKind>(&self, key: &Key, policy: &Policy) -> ReadThrough<'_, K>
    where
        K::Value: Value,
    {
        ReadThrough::new(self.clone(), &lookup_spec::<K::Value>(key, policy), Hooks::default())
    }
}

/// The second policy layer of calls that have only one.
static NOTHING: Policy = Policy::UNSET;

fn lookup_spec<'a, V: Value>(key: &'a Key, policy: &'a Policy) -> LookupSpec<'a> {
    let region = policy.region.as_deref().unwrap_or(DEFAULT_REGION);
    let policies = [policy, &NOTHING];
    LookupSpec {
        region,
        key,
        tags: &[],
        policies,
        type_of: TypeOf { fingerprint: Fingerprint::of::<V>(), schema: 0 },
    }
}

/// The value of an entry that may be served, counted as a hit or a miss.
fn take<V: Value>(lookup: &Lookup, entry: Option<&Entry>) -> Option<V> {
    let value = entry.filter(|entry| !entry.none).and_then(|entry| decode(&entry.payload));
    let tracker = &lookup.region.tracker;
    let mut call = CallOutcome::of(Outcome::Miss);
    match entry.filter(|_| value.is_some()) {
        None => tracker.count(Count::Miss),
        Some(entry) => {
            let now = clock::now_ms();
            let fresh = tracker.served(entry, now);
            tracker.time(Timed::Hit, clock::now().saturating_duration_since(lookup.started));
            call.outcome = if fresh { Outcome::Hit } else { Outcome::Stale };
            call.stale_for = Duration::from_millis(now.saturating_sub(entry.fresh_until));
        }
    }
    call_report::report(&lookup.region, Operation::Read, lookup.started, call);
    value
}
