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

#[cfg(test)]
mod tests {
    use super::*;

    /// `p`, hashed at the least cost.
    const HASH: &str =
        "$argon2id$v=19$m=64,t=1,p=1$c7wfWWN39yab4PsxurYDpQ$rYXzNGFjQhzOTSBy8pi9nquGv+/YDUh62ESt43/H4Z0";

    #[tokio::test]
    async fn only_the_user_with_the_password_is_right() {
        let passwords = Passwords::new("ada", HASH);
        let cases = [("ada", "p", true), ("ada", "P", false), ("ada", "", false), ("bob", "p", false)];
        for (username, password, is_right) in cases {
            assert_eq!(passwords.check(username, password.to_owned()).await, Ok(is_right), "{username}");
        }
        assert_eq!(Passwords::new("ada", "p").check("ada", "p".to_owned()).await, Ok(false), "it is no hash");
    }

    #[tokio::test]
    async fn more_than_can_wait_are_told_to_come_again() {
        let passwords = Passwords::new("ada", HASH);
        let checks = (0..MAX_WAITING + 10).map(|_| passwords.check("ada", "p".to_owned()));
        let done = futures_util::future::join_all(checks).await;
        assert_eq!(done[..MAX_WAITING], [const { Ok(true) }; MAX_WAITING]);
        assert_eq!(done[MAX_WAITING..], [const { Err(Busy) }; 10]);
        assert_eq!(passwords.check("ada", "p".to_owned()).await, Ok(true), "all places are free again");
    }

    #[test]
    fn debug_shows_neither_user_nor_hash() {
        assert_eq!(format!("{:?}", Passwords::new("ada", HASH)), "Passwords { .. }");
    }
}
