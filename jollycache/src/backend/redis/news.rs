//! `News`: what happens to watched keys, by pub/sub, one channel a key.
//!
//! One task owns the subscriptions, so that subscribing and unsubscribing never cross. It gathers the requests that
//! came while it waited into one `SUBSCRIBE`. Messages may be lost with the connection: whoever watches is then told
//! to look again.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::error::from_client;
use super::lane::{Connector, Lane, State};
use crate::backend::{Signal, Watch, Watchers};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

/// What stands before the key in its channel's name; `scripts/record.lua` publishes there.
const CHANNEL_PREFIX: &str = "jollycache:";
/// How many requests may wait for the task; further callers wait to hand theirs over.
const MAX_WAITING: usize = 1024;
/// How often channels that nobody watches any more are given up.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How many channels may be added before that is done at once.
const MAX_UNSWEPT: usize = 4096;

/// The watched keys, and the connection that brings news of them.
#[derive(Debug)]
pub(super) struct News {
    watchers: Watchers,
    lane: Arc<Lane>,
    desk: Mutex<Option<Desk>>,
}

/// Where requests are handed in, and the task that serves them.
#[derive(Debug)]
struct Desk {
    requests: mpsc::Sender<Request>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Request {
    channel: String,
    done: oneshot::Sender<Result<()>>,
}

impl News {
    /// Connects when the first key is watched.
    pub(super) fn new(connector: &Connector) -> Self {
        let watchers = Watchers::default();
        let told = watchers.clone();
        let lane = Lane::new(Connector {
            on_push: Some(Arc::new(move |push| deliver(&told, &push))),
            speaks: false,
            ..connector.clone()
        });
        News { watchers, lane: Arc::new(lane), desk: Mutex::new(None) }
    }

    /// Watches a key; the subscription is confirmed when this returns.
    pub(super) async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        // Registered before it is subscribed: the task keeps the channels of those who are registered.
        let watch = self.watchers.watch(key.as_str());
        let (done, confirmed) = oneshot::channel();
        let request = Request { channel: format!("{CHANNEL_PREFIX}{key}"), done };
        self.requests().send(request).await.map_err(|_| closed())?;
        confirmed.await.map_err(|_| closed())??;
        Ok(watch)
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
                    watchers: self.watchers.clone(),
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

/// Tells the watchers what the server published. Runs on the connection's own task, so it only passes on.
fn deliver(watchers: &Watchers, push: &PushInfo) {
    let (PushKind::Message, [Value::BulkString(channel), Value::BulkString(payload)]) =
        (&push.kind, &*push.data)
    else {
        return;
    };
    if let Some(key) = std::str::from_utf8(channel).ok().and_then(key_of) {
        let signal = if payload == b"f" { Signal::Failed } else { Signal::Changed };
        watchers.notify(key, signal);
    }
}

fn key_of(channel: &str) -> Option<&str> {
    channel.strip_prefix(CHANNEL_PREFIX)
}

/// The task that owns the subscriptions.
struct Clerk {
    waiting: mpsc::Receiver<Request>,
    states: watch::Receiver<State>,
    lane: Arc<Lane>,
    watchers: Watchers,
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

    /// Adds channels, and has all of them confirmed on the present connection. They are kept when that fails, to be
    /// asked for on the next one.
    async fn subscribe(&mut self, channels: Vec<String>) -> Result<()> {
        let added: Vec<String> =
            channels.into_iter().filter(|channel| self.channels.insert(channel.clone())).collect();
        let link = self.lane.link().await?;
        let missing = match self.confirmed_on.take() {
            Some(number) if number == link.number => added,
            _ => self.channels.iter().cloned().collect(),
        };
        if !missing.is_empty() {
            let mut connection = link.connection;
            connection.subscribe(&missing).await.map_err(|error| from_client(&error))?;
        }
        self.confirmed_on = Some(link.number);
        Ok(())
    }

    /// The connection was lost or made anew: subscribes again, and tells all watchers that they may have missed
    /// something. While there is no connection they are told too, for nothing else will come.
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
            if let Err(error) = self.subscribe(Vec::new()).await {
                tracing::debug!(%error, "could not subscribe again");
            }
        }
        for key in self.channels.iter().filter_map(|channel| key_of(channel)) {
            self.watchers.notify(key, Signal::Changed);
        }
    }

    async fn sweep(&mut self) {
        let idle = self.drop_idle();
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
        let watchers = &self.watchers;
        let is_idle = |channel: &String| !key_of(channel).is_some_and(|key| watchers.is_watched(key));
        let idle = self.channels.extract_if(is_idle).collect();
        self.kept = self.channels.len();
        idle
    }
}
