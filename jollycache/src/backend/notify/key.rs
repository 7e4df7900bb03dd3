//! `Watch`: signals of one key, in this process. A backend sends them through [`Watchers`]; Redis from its pub/sub.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What happened to a watched key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// A value was stored, or the key was invalidated: read it again.
    Changed,
    /// A load failed and returned its lease.
    Failed,
}

/// Resolves after the next signal of one key. Dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    signals: watch::Receiver<Option<Signal>>,
    key: Box<str>,
    registry: Watchers,
}

impl Watch {
    /// Waits for a signal that was sent after the watch began, or after the last call. Of several, the last is returned.
    ///
    /// # Cancel safety
    /// A dropped future loses no signal.
    pub async fn changed(&mut self) -> Signal {
        match self.signals.changed().await {
            Ok(()) => self.signals.borrow_and_update().unwrap_or(Signal::Changed),
            // The registry is gone, so no signal can come; every caller has a deadline.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.registry.leave(&self.key);
    }
}

type Channels = HashMap<Box<str>, watch::Sender<Option<Signal>>>;

/// The keys watched in this process.
#[derive(Debug, Clone, Default)]
pub struct Watchers {
    channels: Arc<Mutex<Channels>>,
}

impl Watchers {
    /// Begins a watch on `key`.
    pub fn watch(&self, key: &str) -> Watch {
        let mut channels = self.lock();
        let sender = channels.entry(key.into()).or_insert_with(|| watch::channel(None).0);
        Watch { signals: sender.subscribe(), key: key.into(), registry: self.clone() }
    }

    /// Sends `signal` to every watch on `key`.
    pub fn notify(&self, key: &str, signal: Signal) {
        if let Some(sender) = self.lock().get(key) {
            sender.send_replace(Some(signal));
        }
    }

    /// Whether there is a watch on `key`.
    pub fn is_watched(&self, key: &str) -> bool {
        self.lock().contains_key(key)
    }

    fn leave(&self, key: &str) {
        let mut channels = self.lock();
        // The receiver of the watch that is dropped still counts.
        if channels.get(key).is_some_and(|sender| sender.receiver_count() <= 1) {
            channels.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
