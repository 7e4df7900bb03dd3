//! `PubSub`: signals of watched keys and messages of topics, over a connection of its own. Each key and each topic has its
//! channel on the server.
//!
//! One task owns the subscriptions, so that subscribing and unsubscribing are never reordered. It sends the requests that
//! arrived while it was busy as one `SUBSCRIBE`. Messages may be lost with the connection: watches then receive
//! `Signal::Changed`, and subscriptions `Delivery::Missed`.

mod listeners;
mod task;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub(super) use self::listeners::topic_channel;
use self::listeners::{Listeners, key_channel};
use self::task::{MAX_WAITING, Request, SubscriptionTask};
use super::connection::{Connector, ManagedConnection};
use crate::backend::notify::{Subscription, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

/// The watches and subscriptions of this process, and the connection that receives for them.
#[derive(Debug)]
pub(super) struct PubSub {
    listeners: Listeners,
    connection: Arc<ManagedConnection>,
    handle: Mutex<Option<SubscriptionHandle>>,
}

/// The task that owns the subscriptions, and the queue of its requests.
#[derive(Debug)]
struct SubscriptionHandle {
    requests: mpsc::Sender<Request>,
    task: JoinHandle<()>,
}

impl PubSub {
    /// Connects when the first key is watched or the first topic subscribed to.
    pub(super) fn new(connector: &Connector) -> Self {
        let listeners = Listeners::default();
        let receiver = listeners.clone();
        let connection = ManagedConnection::new(Connector {
            on_push: Some(Arc::new(move |push| receiver.dispatch(&push))),
            logs_transitions: false,
            ..connector.clone()
        });
        PubSub { listeners, connection: Arc::new(connection), handle: Mutex::new(None) }
    }

    /// Watches a key; the server has confirmed the subscription when this returns.
    pub(super) async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        // Registered before it is subscribed: the task drops the channels without listeners.
        let watch = self.listeners.watch(key);
        self.listen(key_channel(key)).await?;
        Ok(watch)
    }

    /// Subscribes to a topic; the server has confirmed the subscription when this returns.
    pub(super) async fn subscribe(&self, topic: &StoredKey) -> Result<Subscription> {
        let subscription = self.listeners.subscribe(topic);
        self.listen(topic_channel(topic)).await?;
        Ok(subscription)
    }

    async fn listen(&self, channel: String) -> Result<()> {
        // The task that sends the command runs outside of the caller's operation.
        self.connection.wait_for();
        let (done, confirmed) = oneshot::channel();
        self.requests().send(Request { channel, done }).await.map_err(|_| closed())?;
        confirmed.await.map_err(|_| closed())?
    }

    /// Starts the task, also after it ended with the runtime that it ran on.
    fn requests(&self) -> mpsc::Sender<Request> {
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match &*handle {
            Some(running) if !running.task.is_finished() => running.requests.clone(),
            _ => {
                let (requests, waiting) = mpsc::channel(MAX_WAITING);
                let task =
                    SubscriptionTask::new(waiting, Arc::clone(&self.connection), self.listeners.clone());
                let task = tokio::spawn(task.run());
                *handle = Some(SubscriptionHandle { requests: requests.clone(), task });
                requests
            }
        }
    }
}

impl Drop for PubSub {
    fn drop(&mut self) {
        let handle = self.handle.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handle.take() {
            handle.task.abort();
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection for notifications is closed")
}
