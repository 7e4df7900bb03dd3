//! `Passwords`: whether a password is the right one, found out off the runtime's threads.

use std::fmt;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use tokio::sync::Semaphore;
use tokio::task;

/// How many passwords are checked at once. Each takes a core and, by the default cost, 19 MiB.
const MAX_RUNNING: usize = 2;
/// How many are checked or wait for it; one more is told to come again.
const MAX_WAITING: usize = 64;

/// See the module.
pub(super) struct Passwords {
    username: String,
    hash: Arc<str>,
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Too many want to log in at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new(username: &str, hash: &str) -> Self {
        Passwords {
            username: username.to_owned(),
            hash: hash.into(),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            waiting: Semaphore::new(MAX_WAITING),
        }
    }

    /// Whether this is a user and the user's password. An unknown user takes as long as a wrong password does.
    pub(super) async fn check(&self, username: &str, password: String) -> Result<bool, Busy> {
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let permit = self.running.clone().acquire_owned().await.map_err(|_| Busy)?;
        let hash = self.hash.clone();
        let checked = task::spawn_blocking(move || {
            // It goes on when the request is dropped, and keeps its permit till the end.
            let _permit = permit;
            let hash = PasswordHash::new(&hash).ok();
            hash.is_some_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        let is_right = checked.await.unwrap_or(false);
        Ok(is_right && username == self.username)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}
