//! `SessionServiceBuilder`: the settings of a [`SessionService`], checked in one place.

use std::marker::PhantomData;
use std::time::Duration;

use super::keyring::Keyring;
use super::lifetime::Lifetime;
use super::sealed_store::SealedStore;
use super::service::SessionService;
use super::store::Store;
use crate::Value;
use crate::backend::Capability;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};

/// Default idle lifetime.
pub const DEFAULT_IDLE: Duration = Duration::from_secs(30 * 60);
/// Default absolute lifetime.
pub const DEFAULT_ABSOLUTE: Duration = Duration::from_secs(24 * 60 * 60);
/// Maximum absolute lifetime. The tag of a user's sessions has to outlive them.
pub const MAX_ABSOLUTE: Duration = Duration::from_secs(24 * 30 * 60 * 60);
/// Default maximum size of a session's data, in bytes of JSON.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024;
/// Default maximum number of sessions per user.
pub const DEFAULT_MAX_PER_USER: usize = 32;
/// Maximum for [`SessionServiceBuilder::max_per_user`]: one record lists all sessions of a user.
pub const MAX_PER_USER: usize = 1_000;

/// Builds a [`SessionService`].
#[derive(Debug)]
#[must_use]
pub struct SessionServiceBuilder<D> {
    cache: Cache,
    name: String,
    idle: Option<Duration>,
    absolute: Duration,
    max_bytes: usize,
    max_per_user: usize,
    keyring: Option<Keyring>,
    data: PhantomData<fn() -> D>,
}

impl<D: Value> SessionService<D> {
    /// A builder of a service that stores in the backend of `cache`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn builder(cache: Cache) -> SessionServiceBuilder<D> {
        SessionServiceBuilder {
            cache,
            name: "session".to_owned(),
            idle: None,
            absolute: DEFAULT_ABSOLUTE,
            max_bytes: DEFAULT_MAX_BYTES,
            max_per_user: DEFAULT_MAX_PER_USER,
            keyring: None,
            data: PhantomData,
        }
    }
}

impl<D> SessionServiceBuilder<D> {
    /// The prefix of the sessions' keys, and their region: 1 to 32 ASCII letters, digits, `-`, `_`. Services with
    /// different names on one cache have separate sessions. Default: `session`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).name("admin-session").build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The idle lifetime: how long a session lives without being used. Each use restarts it. A use is stored only if a
    /// tenth of the lifetime has passed since the last one was, so an unused session ends after nine tenths at the
    /// earliest. Default: 30 minutes, or `absolute` if that is less.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).idle(Duration::from_secs(600)).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// The absolute lifetime: how long a session lives at most, even if it is used. Default: 24 hours; at most
    /// [`MAX_ABSOLUTE`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).absolute(Duration::from_secs(8 * 3600)).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// Maximum size of a session's data, in bytes of JSON. Default: 16 KiB.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).max_bytes(4 * 1024).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Maximum number of sessions per user, up to [`MAX_PER_USER`]; creating another ends the oldest. Default: 32.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).max_per_user(5).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn max_per_user(mut self, sessions: usize) -> Self {
        self.max_per_user = sessions;
        self
    }

    /// Encrypts records with XChaCha20-Poly1305. Records that were not encrypted with a key of the ring are treated as
    /// absent. Default: not encrypted.
    ///
    /// ```
    /// # use jollycache::session::{EncryptionKey, Keyring};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).encryption(Keyring::new("2026-02", EncryptionKey::new([1; 32]))).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn encryption(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Checks the settings and builds the service. The backend is not called.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use jollycache::session::SessionService;
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let sessions = SessionService::<String>::builder(cache).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a setting out of range, or a policy of the region that does not suit sessions; the text
    /// has the value and the range. Also for a backend without [`Lifetimes`](crate::backend::Lifetimes).
    pub fn build(self) -> Result<SessionService<D>> {
        let idle = self.idle.unwrap_or(DEFAULT_IDLE.min(self.absolute));
        let config = |what: String| Err(Error::new(ErrorKind::Config, format!("sessions: {what}")));
        if idle < Duration::from_millis(1) || idle > self.absolute {
            let absolute = self.absolute;
            return config(format!(
                "idle is {idle:?}: expected 1 ms up to the absolute lifetime, {absolute:?}"
            ));
        }
        if self.absolute > MAX_ABSOLUTE {
            let absolute = self.absolute;
            return config(format!("absolute is {absolute:?}: expected at most {MAX_ABSOLUTE:?}"));
        }
        if !(1..=MAX_PER_USER).contains(&self.max_per_user) {
            let found = self.max_per_user;
            return config(format!("max_per_user is {found}: expected 1 to {MAX_PER_USER}"));
        }
        // Uses extend a session's lifetime.
        self.cache.engine.store.require(Capability::Lifetimes, "a session service")?;
        let store = Store {
            records: SealedStore::new(self.cache, self.name, self.keyring)?,
            lifetime: Lifetime::new(idle, self.absolute),
            max_bytes: self.max_bytes,
            max_per_user: self.max_per_user,
        };
        Ok(SessionService::new(store))
    }
}
