//! `Passwords`: checks passwords, outside of the runtime's threads.

mod buffers;
mod hash;

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task;

use self::buffers::Buffers;
use self::hash::Hash;

/// The maximum number of concurrent checks, on any number of cores. Each uses a core and a buffer, of 19 MiB at the
/// default cost, so more of them would take memory and not be faster.
const MAX_RUNNING: usize = 4;
/// The maximum number of checks that run or wait. One more is rejected, and the client retries later.
const MAX_WAITING: usize = 64;

/// The user and the hash of the password, with the buffers of the checks.
pub(super) struct Passwords {
    username: String,
    /// `None` if the hash is malformed: no password matches.
    hash: Option<Arc<Hash>>,
    buffers: Arc<Buffers>,
    waiting: Semaphore,
}

/// [`MAX_WAITING`] checks run or wait already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new(username: &str, hash: &str) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Passwords {
            username: username.to_owned(),
            hash: Hash::parse(hash).map(Arc::new),
            buffers: Arc::new(Buffers::new(cores.min(MAX_RUNNING))),
            waiting: Semaphore::new(MAX_WAITING),
        }
    }

    /// Returns whether user and password match. An unknown user takes as long as a wrong password, so that the time does
    /// not reveal which names exist.
    ///
    /// # Cancel safety
    /// A check that has started continues when the future is dropped, and holds its buffer until it is done.
    pub(super) async fn check(&self, username: &str, password: String) -> Result<bool, Busy> {
        let Some(hash) = self.hash.clone() else { return Ok(false) };
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let mut buffer = self.buffers.acquire().await.ok_or(Busy)?;
        let checked = task::spawn_blocking(move || {
            let blocks = buffer.blocks(hash.block_count());
            hash.is_of(password.as_bytes(), blocks)
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
    use futures_util::future::join_all;

    use super::*;

    /// `p`, hashed at the least cost.
    const HASH: &str =
        "$argon2id$v=19$m=64,t=1,p=1$c7wfWWN39yab4PsxurYDpQ$rYXzNGFjQhzOTSBy8pi9nquGv+/YDUh62ESt43/H4Z0";

    #[tokio::test]
    async fn only_the_user_with_the_password_is_right() {
        let passwords = Passwords::new("ada", HASH);
        let cases = [("ada", "p", true), ("ada", "P", false), ("ada", "", false), ("bob", "p", false)];
        // Twice: the second time in a buffer that was used before.
        for (username, password, is_right) in [cases, cases].concat() {
            assert_eq!(passwords.check(username, password.to_owned()).await, Ok(is_right), "{username}");
        }
        assert_eq!(Passwords::new("ada", "p").check("ada", "p".to_owned()).await, Ok(false), "it is no hash");
    }

    #[tokio::test]
    async fn more_than_can_wait_are_told_to_come_again() {
        let passwords = Passwords::new("ada", HASH);
        let checks = (0..MAX_WAITING + 10).map(|_| passwords.check("ada", "p".to_owned()));
        let done = join_all(checks).await;
        assert_eq!(done[..MAX_WAITING], [const { Ok(true) }; MAX_WAITING]);
        assert_eq!(done[MAX_WAITING..], [const { Err(Busy) }; 10]);
        assert_eq!(passwords.check("ada", "p".to_owned()).await, Ok(true), "all places are free again");
    }

    #[tokio::test]
    async fn parallel_checks_share_a_bounded_number_of_buffers() {
        let passwords = Passwords::new("ada", HASH);
        for _ in 0..10 {
            let checks = (0..MAX_WAITING).map(|_| passwords.check("ada", "wrong".to_owned()));
            assert_eq!(join_all(checks).await, [const { Ok(false) }; MAX_WAITING]);
        }
        let (all, allocated) = passwords.buffers.count();
        assert!((1..=MAX_RUNNING).contains(&all) && (1..=all).contains(&allocated), "{allocated} of {all}");
    }

    #[test]
    fn debug_shows_neither_user_nor_hash() {
        assert_eq!(format!("{:?}", Passwords::new("ada", HASH)), "Passwords { .. }");
    }
}
