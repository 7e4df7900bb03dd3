//! `News`: what happens to watched keys, and the messages of channels, by pub/sub: one channel a key, and one a topic.
//!
//! One task owns the subscriptions, so that subscribing and unsubscribing never cross. It gathers the requests that
//! came while it waited into one `SUBSCRIBE`. Messages may be lost with the connection: whoever watches is then told
//! to look again, and whoever subscribes that it missed something.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::connection::{Connector, Lane, State};
use super::error::from_client;
use crate::backend::{Delivery, Signal, Subscribers, Subscription, Watch, Watchers};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

/// What stands before the key in its channel's name; `scripts/record.lua` publishes there.
const CHANNEL_PREFIX: &str = "jollycache:";
/// What stands before the name of a channel that anybody may publish to.
const TOPIC_PREFIX: &str = "jollycache/";
/// How many requests may wait for the task; further callers wait to hand theirs over.
const MAX_WAITING: usize = 1024;
/// How often channels that nobody watches any more are given up.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How many channels may be added before that is done at once.
const MAX_UNSWEPT: usize = 4096;

/// The watched keys and the channels subscribed to, and the connection that brings news of them.
#[derive(Debug)]
pub(super) struct News {
    listeners: Listeners,
    lane: Arc<Lane>,
    desk: Mutex<Option<Desk>>,
}

/// Where requests are handed in, and the task that serves them.
#[derive(Debug)]
struct Desk {
    requests: mpsc::Sender<Request>,
    task: JoinHandle<()>,
}

/// Who in this process wants to be told.
#[derive(Debug, Clone, Default)]
struct Listeners {
    watchers: Watchers,
    subscribers: Subscribers,
}

impl Listeners {
    /// Tells what the server published. Runs on the connection's own task, so it only passes on.
    fn deliver(&self, push: &PushInfo) {
        let (PushKind::Message, [Value::BulkString(channel), Value::BulkString(payload)]) =
            (&push.kind, &*push.data)
        else {
            return;
        };
        let Ok(channel) = std::str::from_utf8(channel) else { return };
        if let Some(key) = channel.strip_prefix(CHANNEL_PREFIX) {
            let signal = if payload == b"f" { Signal::Failed } else { Signal::Changed };
            self.watchers.notify(key, signal);
        } else if let Some(topic) = channel.strip_prefix(TOPIC_PREFIX) {
            self.subscribers.deliver(topic, Delivery::Message(Bytes::copy_from_slice(payload)));
        }
    }

    /// Something may have been published on `channel` that did not come.
    fn tell_of_gap(&self, channel: &str) {
        if let Some(key) = channel.strip_prefix(CHANNEL_PREFIX) {
            self.watchers.notify(key, Signal::Changed);
        } else if let Some(topic) = channel.strip_prefix(TOPIC_PREFIX) {
            self.subscribers.deliver(topic, Delivery::Missed(None));
        }
    }

    fn want(&self, channel: &str) -> bool {
        if let Some(key) = channel.strip_prefix(CHANNEL_PREFIX) {
            return self.watchers.is_watched(key);
        }
        channel.strip_prefix(TOPIC_PREFIX).is_some_and(|topic| self.subscribers.is_subscribed(topic))
    }
}

/// The server's name of a channel.
pub(super) fn topic(channel: &StoredKey) -> String {
    format!("{TOPIC_PREFIX}{channel}")
}

#[derive(Debug)]
struct Request {
    channel: String,
    done: oneshot::Sender<Result<()>>,
}

impl News {
    /// Connects when the first key is watched.
    pub(super) fn new(connector: &Connector) -> Self {
        let listeners = Listeners::default();
        let told = listeners.clone();
        let lane = Lane::new(Connector {
            on_push: Some(Arc::new(move |push| told.deliver(&push))),
            speaks: false,
            ..connector.clone()
        });
        News { listeners, lane: Arc::new(lane), desk: Mutex::new(None) }
    }

    /// Watches a key; the subscription is confirmed when this returns.
    pub(super) async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        // Registered before it is subscribed: the task keeps the channels of those who are registered.
        let watch = self.listeners.watchers.watch(key.as_str());
        self.listen(format!("{CHANNEL_PREFIX}{key}")).await?;
        Ok(watch)
    }

    /// Subscribes to a channel; the subscription is confirmed when this returns.
    pub(super) async fn subscribe(&self, channel: &StoredKey) -> Result<Subscription> {
        let subscription = self.listeners.subscribers.subscribe(channel.as_str());
        self.listen(topic(channel)).await?;
        Ok(subscription)
    }

    async fn listen(&self, channel: String) -> Result<()> {
        // The task that asks runs outside of the caller's operation.
        self.lane.wait_for();
        let (done, confirmed) = oneshot::channel();
        self.requests().send(Request { channel, done }).await.map_err(|_| closed())?;
        confirmed.await.map_err(|_| closed())?
    }

    /// Starts the task, and starts it again when it ended with the runtime it ran on.
    fn requests(&self) -> mpsc::Sender<Request> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        match &*desk {
            Some(open) if !open.task.is_finished() => open.requests.clone(),
            _ => {
                let (requests, waiting) = mpsc::channel(MAX_WAITING);
                let clerk = Clerk {
                    waiting,
                    states: self.lane.states(),
                    lane: Arc::clone(&self.lane),
                    listeners: self.listeners.clone(),
                    channels: HashSet::new(),
                    confirmed_on: None,
                    kept: 0,
                };
                *desk = Some(Desk { requests: requests.clone(), task: tokio::spawn(clerk.run()) });
                requests
            }
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let desk = self.desk.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desk.take() {
            desk.task.abort();
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection for notifications is closed")
}

/// The task that owns the subscriptions.
struct Clerk {
    waiting: mpsc::Receiver<Request>,
    states: watch::Receiver<State>,
    lane: Arc<Lane>,
    listeners: Listeners,
    /// What has been asked for and not been swept.
    channels: HashSet<String>,
    /// The number of the connection on which the server has confirmed all of them.
    confirmed_on: Option<u64>,
    /// How many the last sweep left.
    kept: usize,
}

impl Clerk {
    async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                received = self.waiting.recv_many(&mut batch, MAX_WAITING) => {
                    if received == 0 {
                        return;
                    }
                    self.serve(mem::take(&mut batch)).await;
                }
                // Fails only when the lane is gone, and the clerk holds it.
                _ = self.states.changed() => self.look_again().await,
                () = clock::sleep(SWEEP_INTERVAL), if !self.channels.is_empty() => self.sweep().await,
            }
        }
    }

    async fn serve(&mut self, requests: Vec<Request>) {
        let (channels, callers): (Vec<String>, Vec<_>) =
            requests.into_iter().map(|request| (request.channel, request.done)).unzip();
        let outcome = self.subscribe(channels).await;
        for caller in callers {
            let told = match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(Error::new(error.kind(), error.to_string())),
            };
            // Whoever no longer waits is swept.
            let _ = caller.send(told);
        }
        if self.channels.len() > self.kept + MAX_UNSWEPT {
            self.sweep().await;
        }
    }

    /// Adds channels, and has all of them confirmed on the present connection; who listened on another one is told
    /// of the gap. They are kept when that fails, to be asked for again.
    async fn subscribe(&mut self, channels: Vec<String>) -> Result<()> {
        let added: HashSet<String> =
            channels.into_iter().filter(|channel| self.channels.insert(channel.clone())).collect();
        let link = self.lane.link().await?;
        let interrupted = self.confirmed_on.take() != Some(link.number);
        let missing: Vec<&String> =
            if interrupted { self.channels.iter().collect() } else { added.iter().collect() };
        if !missing.is_empty() {
            let mut connection = link.connection;
            connection.subscribe(&missing).await.map_err(|error| from_client(&error))?;
        }
        self.confirmed_on = Some(link.number);
        if interrupted {
            self.channels.difference(&added).for_each(|channel| self.listeners.tell_of_gap(channel));
        }
        Ok(())
    }

    /// The connection was lost or made anew: subscribes again. While there is no connection, those who watch keys are
    /// told to look for themselves, for nothing else will come.
    async fn look_again(&mut self) {
        let number = match &*self.states.borrow_and_update() {
            State::Up(link) => Some(link.number),
            State::Connecting | State::Down { .. } => None,
        };
        if number.is_some() {
            if number == self.confirmed_on {
                return;
            }
            self.drop_idle();
            match self.subscribe(Vec::new()).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "could not subscribe again"),
            }
        }
        for key in self.channels.iter().filter_map(|channel| channel.strip_prefix(CHANNEL_PREFIX)) {
            self.listeners.watchers.notify(key, Signal::Changed);
        }
    }

    async fn sweep(&mut self) {
        let idle = self.drop_idle();
        if self.confirmed_on.is_none() && !self.channels.is_empty() {
            // A subscription failed on a connection that lives. Nobody else may ever ask again.
            let _ = self.subscribe(Vec::new()).await;
        }
        if idle.is_empty() {
            return;
        }
        if let Ok(mut connection) = self.lane.connection().await {
            // If it fails, the connection is lost, and the subscriptions with it.
            let _ = connection.unsubscribe(&idle).await;
        }
    }

    /// Forgets the channels that nobody watches, and returns them.
    fn drop_idle(&mut self) -> Vec<String> {
        let listeners = &self.listeners;
        let idle = self.channels.extract_if(|channel| !listeners.want(channel)).collect();
        self.kept = self.channels.len();
        idle
    }
}
