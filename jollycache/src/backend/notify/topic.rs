//! `Subscription`: messages of one topic, in this process. A backend sends them through [`Subscribers`]; Redis from its
//! pub/sub.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many messages wait for a slow subscriber. Beyond that the oldest are discarded, and their number is delivered.
pub const SUBSCRIPTION_BUFFER: usize = 1024;

/// What a [`Subscription`] receives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// A message.
    Message(Bytes),
    /// Messages were lost: this many, because the subscriber was slow, or, with `None`, an unknown number, because
    /// the connection was lost for a while.
    Missed(Option<u64>),
}

/// The messages of one topic since it was created. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    deliveries: broadcast::Receiver<Delivery>,
    topic: Box<str>,
    registry: Subscribers,
}

impl Subscription {
    /// Waits for the next message, or for the notice that some were missed.
    ///
    /// # Cancel safety
    /// A dropped future loses no message.
    pub async fn next(&mut self) -> Delivery {
        match self.deliveries.recv().await {
            Ok(delivery) => delivery,
            Err(RecvError::Lagged(missed)) => Delivery::Missed(Some(missed)),
            // Unreachable: the registry, which this holds, owns the sender. Without it no message could come.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.registry.leave(&self.topic);
    }
}

type Topics = HashMap<Box<str>, broadcast::Sender<Delivery>>;

/// The topics subscribed to in this process.
#[derive(Debug, Clone, Default)]
pub struct Subscribers {
    topics: Arc<Mutex<Topics>>,
}

impl Subscribers {
    /// Subscribes to `topic`.
    pub fn subscribe(&self, topic: &str) -> Subscription {
        let mut topics = self.lock();
        let sender = topics.entry(topic.into()).or_insert_with(|| broadcast::channel(SUBSCRIPTION_BUFFER).0);
        Subscription { deliveries: sender.subscribe(), topic: topic.into(), registry: self.clone() }
    }

    /// Sends `delivery` to every subscription of `topic`.
    pub fn deliver(&self, topic: &str, delivery: Delivery) {
        if let Some(sender) = self.lock().get(topic) {
            // An error means that the last subscription is being dropped.
            let _ = sender.send(delivery);
        }
    }

    /// Whether there is a subscription of `topic`.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.lock().contains_key(topic)
    }

    fn leave(&self, topic: &str) {
        let mut topics = self.lock();
        // The receiver of the subscription that is dropped still counts.
        if topics.get(topic).is_some_and(|sender| sender.receiver_count() <= 1) {
            topics.remove(topic);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
