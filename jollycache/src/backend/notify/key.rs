//! `Watch`: waiting for news of a key, in one process. Both backends feed it; Redis from its pub/sub.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What happened to a watched key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A value was stored, or the key was invalidated: look again.
    Changed,
    /// A load failed and gave its lease back.
    Failed,
}

/// Resolves after the next news of one key. Dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    news: watch::Receiver<Option<Signal>>,
    key: Box<str>,
    registry: Watchers,
}

impl Watch {
    /// Waits for news that came after the watch began, or after the last call. Cancel safe.
    pub async fn changed(&mut self) -> Signal {
        match self.news.changed().await {
            Ok(()) => self.news.borrow_and_update().unwrap_or(Signal::Changed),
            // The registry is gone, so no news can come; the caller has a deadline.
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
        Watch { news: sender.subscribe(), key: key.into(), registry: self.clone() }
    }

    /// Tells all who watch `key`.
    pub fn notify(&self, key: &str, signal: Signal) {
        if let Some(sender) = self.lock().get(key) {
            sender.send_replace(Some(signal));
        }
    }

    /// Whether anybody watches `key`.
    pub fn is_watched(&self, key: &str) -> bool {
        self.lock().contains_key(key)
    }

    fn leave(&self, key: &str) {
        let mut channels = self.lock();
        // The one who leaves still counts.
        if channels.get(key).is_some_and(|sender| sender.receiver_count() <= 1) {
            channels.remove(key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
