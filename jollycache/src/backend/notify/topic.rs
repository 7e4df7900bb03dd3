//! `Subscription`: messages of one channel, in one process. Both backends feed it; Redis from its pub/sub.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many messages wait for a slow subscriber; beyond them the oldest are dropped, and it is told how many.
pub const SUBSCRIPTION_BUFFER: usize = 1024;

/// What a [`Subscription`] brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A message.
    Message(Bytes),
    /// Messages were lost: so many, because the subscriber was slow; or, with `None`, nobody knows how many, because
    /// the connection was lost for a while.
    Missed(Option<u64>),
}

/// The messages of one channel since it was made. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    deliveries: broadcast::Receiver<Delivery>,
    channel: Box<str>,
    registry: Subscribers,
}

impl Subscription {
    /// Waits for the next message, or for word of those that were missed. Cancel safe.
    pub async fn next(&mut self) -> Delivery {
        match self.deliveries.recv().await {
            Ok(delivery) => delivery,
            Err(RecvError::Lagged(missed)) => Delivery::Missed(Some(missed)),
            // Cannot be: the registry, which this holds, has the sender. Nothing would come then.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.registry.leave(&self.channel);
    }
}

type Channels = HashMap<Box<str>, broadcast::Sender<Delivery>>;

/// The channels subscribed to in this process.
#[derive(Debug, Clone, Default)]
pub struct Subscribers {
    channels: Arc<Mutex<Channels>>,
}

impl Subscribers {
    /// Subscribes to `channel`.
    pub fn subscribe(&self, channel: &str) -> Subscription {
        let mut channels = self.lock();
        let sender =
            channels.entry(channel.into()).or_insert_with(|| broadcast::channel(SUBSCRIPTION_BUFFER).0);
        Subscription { deliveries: sender.subscribe(), channel: channel.into(), registry: self.clone() }
    }

    /// Hands `delivery` to all who subscribe to `channel`.
    pub fn deliver(&self, channel: &str, delivery: Delivery) {
        if let Some(sender) = self.lock().get(channel) {
            // It fails where nobody listens any more.
            let _ = sender.send(delivery);
        }
    }

    /// Whether anybody subscribes to `channel`.
    pub fn is_subscribed(&self, channel: &str) -> bool {
        self.lock().contains_key(channel)
    }

    fn leave(&self, channel: &str) {
        let mut channels = self.lock();
        // The one who leaves still counts.
        if channels.get(channel).is_some_and(|sender| sender.receiver_count() <= 1) {
            channels.remove(channel);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
