//! `CacheBuilder`: the settings of a cache, and their checks.

use std::sync::Arc;

use super::Cache;
use crate::backend::{Backend, Capability};
use crate::engine::{Engine, Limits};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Namespace;
use crate::policy::Policy;

const DEFAULT_UNLEASED_LOADS: usize = 128;
const DEFAULT_VALUE_BYTES: usize = 8 * 1024 * 1024;
/// Upper bound of [`CacheBuilder::max_value_bytes`], in bytes: a record with its header and tags must stay below the
/// longest string that a Redis server accepts (`proto-max-bulk-len`, 512 MiB).
const MAX_VALUE_BYTES: usize = 500 << 20;

/// Builds a [`Cache`].
#[derive(Debug)]
#[must_use]
pub struct CacheBuilder {
    namespace: Option<String>,
    backend: Option<Arc<dyn Backend>>,
    default_policy: Policy,
    regions: Vec<(String, Policy)>,
    limits: Limits,
    events: bool,
}

impl Default for CacheBuilder {
    fn default() -> Self {
        CacheBuilder {
            namespace: None,
            backend: None,
            default_policy: Policy::default(),
            regions: Vec::new(),
            limits: Limits { unleased_loads: DEFAULT_UNLEASED_LOADS, value_bytes: DEFAULT_VALUE_BYTES },
            events: false,
        }
    }
}

impl CacheBuilder {
    /// The namespace: the prefix of all keys, such as `jollyjet:dev`. Required. [`Namespace`] has its grammar.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let cache = Cache::builder().namespace("jollyjet:dev").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.namespace(), "jollyjet:dev");
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The backend that stores the entries. Required.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let backend = MemoryBackend::with_max_bytes(64 << 20);
    /// let cache = Cache::builder().namespace("doc").backend(backend).build()?;
    /// assert_eq!(cache.backend_name(), "memory");
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn backend(mut self, backend: impl Backend) -> Self {
        self.backend = Some(Arc::new(backend));
        self
    }

    /// As [`CacheBuilder::backend`], for a backend that several caches share.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::sync::Arc;
    /// let backend = Arc::new(MemoryBackend::new());
    /// let shop = Cache::builder().namespace("shop").shared_backend(backend.clone()).build()?;
    /// let blog = Cache::builder().namespace("blog").shared_backend(backend).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn shared_backend(mut self, backend: Arc<dyn Backend>) -> Self {
        self.backend = Some(backend);
        self
    }

    /// The policy of last resort: used for each setting that neither the region's policy nor the call has. Its tags are
    /// ignored, since tags belong to a region or a call. Default: the defaults of [`Policy`]'s setters.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// let policy = Policy::new().ttl(Duration::from_secs(60)).jitter(0.1);
    /// let cache = Cache::builder()
    ///     .namespace("doc")
    ///     .backend(MemoryBackend::new())
    ///     .default_policy(policy)
    ///     .build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn default_policy(mut self, policy: Policy) -> Self {
        self.default_policy = policy;
        self
    }

    /// Sets the policy of a region. It overrides attributes and calls.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// let cache = Cache::builder()
    ///     .namespace("doc")
    ///     .backend(MemoryBackend::new())
    ///     .region("product", Policy::new().ttl(Duration::from_secs(30 * 60)))
    ///     .region("price", Policy::new().ttl(Duration::from_secs(30)).tag("prices"))
    ///     .build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn region(mut self, name: impl Into<String>, policy: Policy) -> Self {
        self.regions.push((name.into(), policy));
        self
    }

    /// Maximum number of concurrent loads without a lease, that is while the backend is unavailable or keys are bypassed.
    /// Default: 128.
    ///
    /// A load stops counting after one second, so that a source that hangs for some keys does not block the others. A caller
    /// waits for a free place for at most [`Policy::wait`], then loads anyway.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let builder = Cache::builder().namespace("doc").backend(MemoryBackend::new());
    /// let cache = builder.max_unleased_loads(32).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn max_unleased_loads(mut self, loads: usize) -> Self {
        self.limits.unleased_loads = loads;
        self
    }

    /// Maximum size of an encoded value, in bytes. A larger loaded value is returned and not stored; a put of one fails.
    /// Default: 8 MiB. At most 500 MiB, since a Redis server closes a connection that sends a string of more than 512 MiB.
    ///
    /// ```
    /// # use jollycache::{Cache, ErrorKind, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// let builder = Cache::builder().namespace("doc").backend(MemoryBackend::new());
    /// let cache = builder.max_value_bytes(64).build()?;
    /// let refused = cache.put("page", &"x".repeat(100), &Policy::new()).await.unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::TooLarge);
    /// # Ok(()) }
    /// ```
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.value_bytes = bytes;
        self
    }

    /// Whether this cache publishes its invalidations as events ([`Cache::events`]). Each costs one `PUBLISH`, for which the
    /// invalidation does not wait. Subscribing needs no setting.
    ///
    /// Default: `false`, so that a cache without subscribers pays nothing.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).events(true).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn events(mut self, published: bool) -> Self {
        self.events = published;
        self
    }

    /// Checks the settings and builds the cache.
    ///
    /// ```
    /// # use jollycache::{Cache, ErrorKind, MemoryBackend};
    /// let error = Cache::builder().backend(MemoryBackend::new()).build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// assert_eq!(error.to_string(), "a cache needs a namespace: call `.namespace(…)`");
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a missing namespace or backend, for a setting out of range, and for `events(true)` over a
    /// backend without [`Topics`](crate::backend::Topics).
    pub fn build(self) -> Result<Cache> {
        let missing =
            |what: &str| Error::new(ErrorKind::Config, format!("a cache needs a {what}: call `.{what}(…)`"));
        let namespace = Namespace::new(&self.namespace.ok_or_else(|| missing("namespace"))?)?;
        let backend = self.backend.ok_or_else(|| missing("backend"))?;
        self.default_policy.validate("the cache")?;
        for (name, policy) in &self.regions {
            policy.validate(&format!("region {name:?}"))?;
        }
        if !(1..=tokio::sync::Semaphore::MAX_PERMITS).contains(&self.limits.unleased_loads) {
            let found = self.limits.unleased_loads;
            return Err(Error::new(
                ErrorKind::Config,
                format!("max_unleased_loads is {found}: expected at least 1"),
            ));
        }
        if self.limits.value_bytes > MAX_VALUE_BYTES {
            let found = self.limits.value_bytes;
            return Err(Error::new(
                ErrorKind::Config,
                format!("max_value_bytes is {found}: expected at most {MAX_VALUE_BYTES}"),
            ));
        }
        if self.events {
            backend.require(Capability::Topics, "events(true)")?;
        }
        let engine =
            Engine::new(namespace, backend, self.limits, self.default_policy, self.regions, self.events);
        Ok(Cache { engine })
    }
}
