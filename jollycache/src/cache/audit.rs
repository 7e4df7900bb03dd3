//! `Audit`: compares cached values with their source.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::codec::{decode, encode_unchecked, is_kept};
use super::{Cache, bypass};
use crate::Value;
use crate::engine::{Auditor, Sourced, TypeOf};
use crate::entry::Fingerprint;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Pattern};
use crate::tracker::AuditReport;

/// Entries that one round compares.
const DEFAULT_SAMPLE: usize = 10;
/// Time between two rounds.
const DEFAULT_EVERY: Duration = Duration::from_secs(5 * 60);
/// The largest sample. It bounds what one round reads.
const MAX_SAMPLE: usize = 1_000;
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// The settings of an audit: the loader, the sample, the interval. It compares entries of one region that hold a `V`.
pub struct Audit<V, L> {
    load: L,
    sample: usize,
    every: Duration,
    schema: u16,
    pattern: Pattern,
    only_evicts: bool,
    value: PhantomData<fn() -> V>,
}

impl<V, L> fmt::Debug for Audit<V, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("sample", &self.sample)
            .field("every", &self.every)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

impl<V, L> Audit<V, L> {
    /// An audit that loads the source's value of a key by `load`; `None` means that the source has none.
    ///
    /// [`Key::segments`] returns the values that the key was made of. The loader runs in [`bypass`](crate::bypass), so it
    /// may be the annotated function itself.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// async fn from_source(key: Key) -> Result<Option<String>, std::io::Error> {
    ///     let id = key.segments().next_back().unwrap_or_default();
    ///     Ok((id == "42").then(|| "tea".to_owned())) // SELECT name FROM product WHERE id = …
    /// }
    /// let audit = Audit::new(from_source);
    /// ```
    pub fn new<E, F>(load: L) -> Self
    where
        V: Value,
        L: Fn(Key) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<V>, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Audit {
            load,
            sample: DEFAULT_SAMPLE,
            every: DEFAULT_EVERY,
            schema: 0,
            pattern: Pattern::all(),
            only_evicts: false,
            value: PhantomData,
        }
    }

    /// Entries that one round compares, from 1 to 1000. Default: 10.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// # async fn from_source(_: Key) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let audit = Audit::new(from_source).sample(50);
    /// ```
    #[must_use]
    pub fn sample(mut self, entries: usize) -> Self {
        self.sample = entries;
        self
    }

    /// Time between two rounds, of which a tenth is random, so that processes do not run theirs together. Each process that
    /// registers the audit runs its own rounds. Default: 5 minutes.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// # use std::time::Duration;
    /// # async fn from_source(_: Key) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let audit = Audit::new(from_source).every(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// The schema number of the attribute that stores the entries. Default: 0.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// # async fn from_source(_: Key) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let audit = Audit::new(from_source).schema(2);
    /// ```
    #[must_use]
    pub fn schema(mut self, schema: u16) -> Self {
        self.schema = schema;
        self
    }

    /// Compares only entries whose key matches. In a large namespace it avoids most of the reads of a small region's audit.
    /// Default: all keys.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// # async fn from_source(_: Key) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let audit = Audit::new(from_source).pattern("product:*");
    /// ```
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<Pattern>) -> Self {
        self.pattern = pattern.into();
        self
    }

    /// Evicts an entry that differs instead of replacing it: for loaders whose values must not all be stored.
    /// Default: an entry without tags and version is replaced by the loaded value.
    ///
    /// ```
    /// # use jollycache::{Audit, Key};
    /// # async fn from_source(_: Key) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let audit = Audit::new(from_source).only_evicts();
    /// ```
    #[must_use]
    pub fn only_evicts(mut self) -> Self {
        self.only_evicts = true;
        self
    }

    fn check(&self, region: &str) -> Result<()> {
        let wrong =
            |what: String| Error::new(ErrorKind::Config, format!("audit of region {region:?}: {what}"));
        if !(1..=MAX_SAMPLE).contains(&self.sample) {
            return Err(wrong(format!("sample is {}: expected 1 to {MAX_SAMPLE}", self.sample)));
        }
        if self.every < SHORTEST_INTERVAL {
            return Err(wrong(format!("every is {:?}: expected at least {SHORTEST_INTERVAL:?}", self.every)));
        }
        Ok(())
    }
}

impl Cache {
    /// Registers an audit of a region. It runs at its interval for as long as the cache lives, and by [`Cache::audit_now`].
    /// Differences are counted ([`RegionStats`](crate::RegionStats)), logged and repaired.
    ///
    /// An entry is compared under a lease over the live value; reads are served meanwhile. An eviction or a write of the key
    /// revokes the lease, and the comparison is discarded, so an audit never restores an old value. Only fresh entries are
    /// compared, as JSON. Entries of another type than `V` are skipped and counted: a region of two types needs two audits.
    /// An entry that differs is replaced by the loaded value for the rest of its lifetime; one that has tags or a version,
    /// or that the source does not have, is evicted. A write between its commit and its eviction shows as a difference,
    /// unless it is announced (`when = "around"`).
    ///
    /// A round scans at most 20 pages of 500 names, from where the previous round ended; it reads at most `20 * sample`
    /// entries, in batches of 50, and takes a lease, a load and a release for each of the sample. Rounds of one audit do not
    /// overlap. A loader that holds a `Cache` keeps the cache, and so the audit, alive.
    ///
    /// ```
    /// use jollycache::{Audit, Cache, Key, MemoryBackend, Policy};
    /// # use std::collections::HashMap;
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let source = Arc::new(HashMap::from([("42".to_owned(), "tea".to_owned())]));
    /// let audited = source.clone();
    /// cache.register_audit(
    ///     "product",
    ///     Audit::new(move |key: Key| {
    ///         let source = audited.clone();
    ///         async move {
    ///             let id = key.segments().next_back().unwrap_or_default();
    ///             Ok::<Option<String>, std::io::Error>(source.get(&id).cloned())
    ///         }
    ///     })
    ///     .sample(10)
    ///     .every(Duration::from_secs(5 * 60)),
    /// )?;
    ///
    /// let policy = Policy::new().region("product");
    /// cache.put("product:42", &"coffee".to_owned(), &policy).await?;
    /// let report = cache.audit_now().await?;
    /// assert_eq!((report.total.differences, report.total.repaired), (1, 1));
    /// assert_eq!(cache.get("product:42").await?, Some("tea".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a setting out of range, or outside of a tokio runtime.
    pub fn register_audit<V, L, F, E>(&self, region: &str, audit: Audit<V, L>) -> Result<()>
    where
        V: Value,
        L: Fn(Key) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<V>, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        audit.check(region)?;
        let load = audit.load;
        let auditor = Auditor {
            region: self.engine.region(region),
            type_of: TypeOf { fingerprint: Fingerprint::of::<V>(), schema: audit.schema },
            pattern: audit.pattern,
            sample: audit.sample,
            every: audit.every,
            only_evicts: audit.only_evicts,
            load: Box::new(move |key| {
                let loading = load(key);
                Box::pin(async move {
                    let value = bypass(loading).await.map_err(Into::into)?;
                    Ok(value.map(|value| sourced(&value)).transpose()?)
                })
            }),
            same: same_value::<V>,
            cursor: Mutex::default(),
        };
        if self.engine.auditors.start(&self.engine, auditor) {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Config, format!("audit of region {region:?}: no tokio runtime runs")))
        }
    }

    /// Runs one round of every registered audit, one after another. Returns the findings by region.
    ///
    /// ```
    /// # use jollycache::{Audit, Cache, Key, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let load = |_: Key| async { Ok::<_, std::io::Error>(Some("tea".to_owned())) };
    /// cache.register_audit("default", Audit::new(load))?;
    /// cache.put("product:42", &"coffee".to_owned(), &Policy::new()).await?;
    ///
    /// let report = cache.audit_now().await?;
    /// assert_eq!((report.total.audited, report.total.differences), (1, 1));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails; earlier findings are in [`Cache::stats`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the entry under comparison keeps its value.
    pub async fn audit_now(&self) -> Result<AuditReport> {
        let mut report = AuditReport::default();
        let engine = Arc::downgrade(&self.engine);
        for auditor in self.engine.auditors.all() {
            let findings = auditor.round(&engine).await?;
            report.add(&auditor.region.name, &findings);
        }
        Ok(report)
    }
}

fn sourced<V: Value>(value: &V) -> Result<Sourced> {
    let payload = encode_unchecked(value)?;
    Ok(Sourced { is_kept: is_kept(value, &payload), payload })
}

/// Whether two payloads encode equal values. Their bytes may differ: a map's entries have no order.
fn same_value<V: Value>(stored: &[u8], loaded: &[u8]) -> bool {
    // Decoding to `V` first keeps large integers exact; decoding to `serde_json::Value` would round them.
    let parse = |payload| decode::<V>(payload).and_then(|value| serde_json::to_value(value).ok());
    matches!((parse(stored), parse(loaded)), (Some(stored), Some(loaded)) if stored == loaded)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_order_of_a_maps_entries_does_not_count() {
        assert!(same_value::<HashMap<String, u8>>(br#"{"a":1,"b":2}"#, br#"{"b":2,"a":1}"#));
        assert!(!same_value::<HashMap<String, u8>>(br#"{"a":1,"b":2}"#, br#"{"b":1,"a":2}"#));
        assert!(!same_value::<Vec<u8>>(b"[1,2]", b"[2,1]"));
    }

    #[test]
    fn large_integers_are_told_apart_to_the_last_digit() {
        let (one, other) = (u128::MAX.to_string(), (u128::MAX - 1).to_string());
        assert!(!same_value::<u128>(one.as_bytes(), other.as_bytes()));
    }
}
