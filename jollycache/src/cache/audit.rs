//! `Audit`: comparing cached values with their source.

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

/// How many entries an audit looks at.
const DEFAULT_SAMPLE: usize = 10;
/// How often it does.
const DEFAULT_EVERY: Duration = Duration::from_secs(5 * 60);
/// The largest sample: what a round reads at most follows from it.
const MAX_SAMPLE: usize = 1_000;
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// How the entries of a region that hold a `V` are audited.
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
    /// An audit that asks `load` what the source holds under an entry's key, `None` for nothing.
    ///
    /// [`Key::segments`] reads the values back that the key was made of. Annotated functions that the loader calls
    /// run past the cache, so it may be the annotated function itself.
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

    /// How many entries one round looks at, from 1 to 1000. Default: 10.
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

    /// How often there is a round, about: a tenth of it is random. Every process that registers the audit has its own
    /// rounds. Default: 5 minutes.
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

    /// Only keys that match. It spares the audit of a small region in a large namespace most of its reads.
    /// Default: all.
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

    /// Evicts what differs, and stores nothing: where not every value that the loader brings may be stored.
    /// Default: an entry without tags and version is replaced by what was loaded.
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
    /// Has entries of a region compared with their source, at every interval as long as the cache lives, and by
    /// [`Cache::audit_now`]. What differs is counted ([`RegionStats`](crate::RegionStats)), logged and repaired.
    ///
    /// An entry is compared under a lease over the live value, which readers do not notice. Whoever evicts or writes
    /// the key meanwhile takes the lease away, and then nothing is judged or stored: an audit never puts back an old
    /// value. Only fresh entries are compared, as JSON; those of the region that are of another type than `V` are
    /// skipped and counted, so a region of two types takes two audits. What differs is replaced by the loaded value,
    /// for the rest of its lifetime; where it has tags or a version, or the source has nothing, it is evicted. A write
    /// that is between its commit and its eviction is seen as a difference; one that is `around` its commit is not.
    ///
    /// A round costs at most 20 pages of 500 names, going on where the last round ended; `20 * sample` entries read, in
    /// batches of 50; and for each of the sample a lease, a load and a release. Rounds of one audit come one after
    /// another. A loader that holds the cache keeps it, and so the audit, alive.
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
    /// [`ErrorKind::Config`] for a setting out of range, and outside a tokio runtime.
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
        if self.engine.add_auditor(auditor) {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Config, format!("audit of region {region:?}: no tokio runtime runs")))
        }
    }

    /// Runs one round of every registered audit, one after another, and says what it found.
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
    /// When the backend fails; what was found until then is in [`Cache::stats`]. If the future is dropped, the entry
    /// under audit keeps its value.
    pub async fn audit_now(&self) -> Result<AuditReport> {
        let mut report = AuditReport::default();
        let engine = Arc::downgrade(&self.engine);
        for auditor in self.engine.auditors() {
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

/// Whether two payloads stand for one value though their bytes differ: the order of a map's entries does not count.
fn same_value<V: Value>(stored: &[u8], loaded: &[u8]) -> bool {
    // By way of `V` and not of the text: there a large integer would become a rounded one.
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
