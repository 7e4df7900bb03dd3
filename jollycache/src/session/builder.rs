//! `SessionServiceBuilder`: the settings of a [`SessionService`], checked in one place.

use std::marker::PhantomData;
use std::time::Duration;

use super::keyring::Keyring;
use super::lifetime::Lifetime;
use super::sealed_store::SealedStore;
use super::service::SessionService;
use super::store::Store;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};

/// How long a session lives without being used.
pub const DEFAULT_IDLE: Duration = Duration::from_secs(30 * 60);
/// How long a session lives at most.
pub const DEFAULT_ABSOLUTE: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that a session may live: what its user's sessions have in common is kept for longer.
pub const MAX_ABSOLUTE: Duration = Duration::from_secs(24 * 30 * 60 * 60);
/// The largest data of a session, in bytes of JSON.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024;
/// How many sessions a user may have.
pub const DEFAULT_MAX_PER_USER: usize = 32;
/// The most that [`SessionServiceBuilder::max_per_user`] takes: a user's sessions are listed in one record.
pub const MAX_PER_USER: usize = 1_000;
/// The longest name of a user, in bytes.
pub const MAX_USER_BYTES: usize = 256;

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

impl<D> SessionServiceBuilder<D> {
    pub(super) fn new(cache: Cache) -> Self {
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

    /// What the sessions' keys begin with, and the region they are counted in: 1 to 32 ASCII letters, digits, `-`,
    /// `_`. Services with different names on one cache do not see each other's sessions. Default: `session`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How long a session lives without being used. Each use begins it anew; a use is written down only when a tenth
    /// of it has passed since the last, so that a session ends after nine tenths of it at the earliest.
    /// Default: 30 minutes, or `absolute` if that is less.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// How long a session lives at most, however much it is used. Default: 24 hours; at most [`MAX_ABSOLUTE`].
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// The largest data of a session, in bytes of JSON. Default: 16 KiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many sessions a user may have, up to [`MAX_PER_USER`]; one more ends the oldest. Default: 32.
    pub fn max_per_user(mut self, sessions: usize) -> Self {
        self.max_per_user = sessions;
        self
    }

    /// Encrypts what is stored, with XChaCha20-Poly1305. A record that was not encrypted with a key of the ring is no
    /// session. Default: not encrypted.
    pub fn encryption(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Checks everything and builds the service. The backend is not asked.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], saying what is wrong.
    pub fn build(self) -> Result<SessionService<D>> {
        let idle = self.idle.unwrap_or(DEFAULT_IDLE.min(self.absolute));
        let wrong = |what: String| Err(Error::new(ErrorKind::Config, format!("sessions: {what}")));
        if idle < Duration::from_millis(1) || idle > self.absolute {
            let absolute = self.absolute;
            return wrong(format!(
                "idle is {idle:?}: expected 1 ms up to the absolute lifetime, {absolute:?}"
            ));
        }
        if self.absolute > MAX_ABSOLUTE {
            let absolute = self.absolute;
            return wrong(format!("absolute is {absolute:?}: expected at most {MAX_ABSOLUTE:?}"));
        }
        if !(1..=MAX_PER_USER).contains(&self.max_per_user) {
            let found = self.max_per_user;
            return wrong(format!("max_per_user is {found}: expected 1 to {MAX_PER_USER}"));
        }
        let store = Store {
            records: SealedStore::new(self.cache, self.name, self.keyring)?,
            lifetime: Lifetime::new(idle, self.absolute),
            max_bytes: self.max_bytes,
            max_per_user: self.max_per_user,
        };
        Ok(SessionService::new(store))
    }
}
