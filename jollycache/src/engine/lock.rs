//! Locks: a claim requests one, and a held lock measures its remaining time by this process's own clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};

use super::Engine;
use super::worker::Job;
use crate::backend::{LockAnswer, Watch};
use crate::clock;
use crate::entry::Token;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, StoredKey};
use crate::store::Call;

/// A lock's name, and the token that requests it. Dropped while the backend may hold the lock for it, it has the worker
/// release it.
pub(crate) struct LockClaim {
    engine: Arc<Engine>,
    name: StoredKey,
    token: Token,
    may_own: AtomicBool,
}

impl LockClaim {
    pub(crate) fn new(engine: &Arc<Engine>, name: &Key) -> Self {
        engine.ensure_worker();
        LockClaim {
            engine: engine.clone(),
            name: engine.namespace().lock(name),
            token: Token::random(),
            may_own: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &StoredKey {
        &self.name
    }

    /// Requests the lock, once.
    pub(crate) async fn request(&self, ttl: Duration) -> Result<LockAnswer> {
        let call = self.call()?;
        // Before the call: where its answer is lost, the lock may be taken all the same.
        self.may_own.store(true, Ordering::Relaxed);
        let answer = call.lock(&self.name, self.token, ttl).await?;
        if matches!(answer, LockAnswer::Held { .. }) {
            self.may_own.store(false, Ordering::Relaxed);
        }
        Ok(answer)
    }

    pub(crate) async fn watch(&self) -> Result<Watch> {
        self.call()?.watch(&self.name).await
    }

    async fn extend(&self, ttl: Duration) -> Result<bool> {
        self.call()?.extend_lock(&self.name, self.token, ttl).await
    }

    async fn unlock(&self) -> Result<bool> {
        let unlocked = self.call()?.unlock(&self.name, self.token).await?;
        self.may_own.store(false, Ordering::Relaxed);
        Ok(unlocked)
    }

    fn call(&self) -> Result<Call<'_>> {
        self.engine.call()
    }
}

impl Drop for LockClaim {
    fn drop(&mut self) {
        if *self.may_own.get_mut() {
            self.engine.worker.push(Job::Unlock { lock: self.name.clone(), token: self.token });
        }
    }
}

/// Without the token, which is all that is needed to release the lock.
impl fmt::Debug for LockClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockClaim").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is known of a lock that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It is held at least until then: counted from before the call that took or extended it.
    Until(Instant),
    Released,
    Lost,
}

/// A lock that was taken.
#[derive(Debug)]
pub(crate) struct HeldLock {
    claim: LockClaim,
    fence: u64,
    life: watch::Sender<Life>,
    /// Changes go to the backend one at a time, so that the last answer here is the last change there.
    turn: Mutex<()>,
}

impl HeldLock {
    /// The lock that `claim` was granted, requested at `requested`, for `ttl`.
    pub(crate) fn new(claim: LockClaim, fence: u64, requested: Instant, ttl: Duration) -> Self {
        HeldLock {
            claim,
            fence,
            life: watch::Sender::new(Life::Until(requested + ttl)),
            turn: Mutex::new(()),
        }
    }

    pub(crate) fn name(&self) -> &StoredKey {
        &self.claim.name
    }

    pub(crate) fn fence(&self) -> u64 {
        self.fence
    }

    /// How long it is held for sure; `None` when it is lost or released. Notices an end that passed unseen.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        let Life::Until(until) = *self.life.borrow() else { return None };
        let left = until.saturating_duration_since(clock::now());
        if left.is_zero() {
            self.lose("it ended before it was released or extended");
            return None;
        }
        Some(left)
    }

    /// Resolves when the lock is lost, or released.
    pub(crate) async fn lost(&self) {
        let mut life = self.life.subscribe();
        while let Some(left) = self.remaining() {
            // Both ends are looked at again: an extension moves the end.
            let _ = tokio::time::timeout(left, life.changed()).await;
        }
    }

    /// Lets the lock end `ttl` from now.
    pub(crate) async fn extend(&self, ttl: Duration) -> Result<()> {
        let _turn = self.turn.lock().await;
        let requested = clock::now();
        if self.remaining().is_none() {
            return Err(self.gone());
        }
        // Whether a call that fails or is dropped happened is unknown: the earlier end counts.
        self.move_end(|until| until.min(requested + ttl));
        if !self.claim.extend(ttl).await? {
            self.lose("its record is gone, or another has it");
        }
        // The old end may have passed meanwhile. A lock that was reported as lost stays lost.
        if self.remaining().is_none() {
            return Err(self.gone());
        }
        self.move_end(|_| requested + ttl);
        Ok(())
    }

    /// Gives the lock back. Returns whether it was still held.
    pub(crate) async fn release(&self) -> Result<bool> {
        // After an extension that is under way, and with none after it.
        let _turn = self.turn.lock().await;
        let was_held = self.remaining().is_some();
        if was_held {
            self.life.send_replace(Life::Released);
        }
        let unlocked = self.claim.unlock().await?;
        if was_held && !unlocked {
            self.warn("it was gone when it was released");
        }
        Ok(was_held && unlocked)
    }

    fn move_end(&self, moved: impl Fn(Instant) -> Instant) {
        self.life.send_if_modified(|life| {
            let Life::Until(until) = life else { return false };
            *until = moved(*until);
            true
        });
    }

    fn lose(&self, why: &str) {
        let noticed = self.life.send_if_modified(|life| {
            let first = matches!(life, Life::Until(_));
            if first {
                *life = Life::Lost;
            }
            first
        });
        if noticed {
            self.warn(why);
        }
    }

    fn warn(&self, why: &str) {
        tracing::warn!(lock = %self.claim.name, fence = self.fence, why, "lost a lock");
    }

    fn gone(&self) -> Error {
        Error::new(ErrorKind::Lost, format!("the lock {} is not held any more", self.claim.name))
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // Logs a loss that was not noticed before.
        self.remaining();
    }
}
