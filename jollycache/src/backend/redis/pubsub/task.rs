//! `SubscriptionTask`: the task that owns the subscriptions of the connection.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::listeners::Listeners;
use crate::backend::redis::connection::{ManagedConnection, State};
use crate::backend::redis::error::from_client;
use crate::clock;
use crate::error::{Error, Result};

/// How many requests may wait for the task; further callers wait until there is room.
pub(super) const MAX_WAITING: usize = 1024;
/// How often unused channels are unsubscribed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How many channels may be added before that is done at once.
const MAX_UNSWEPT: usize = 4096;

/// Asks the task to subscribe to a channel.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) channel: String,
    /// Receives the confirmation.
    pub(super) done: oneshot::Sender<Result<()>>,
}

pub(super) struct SubscriptionTask {
    requests: mpsc::Receiver<Request>,
    states: watch::Receiver<State>,
    connection: Arc<ManagedConnection>,
    listeners: Listeners,
    /// The requested channels that were not yet swept.
    channels: HashSet<String>,
    /// The generation of the connection on which the server has confirmed all of them.
    confirmed_on: Option<u64>,
    /// How many channels the last sweep kept.
    kept: usize,
}

impl SubscriptionTask {
    pub(super) fn new(
        requests: mpsc::Receiver<Request>,
        connection: Arc<ManagedConnection>,
        listeners: Listeners,
    ) -> Self {
        SubscriptionTask {
            requests,
            states: connection.states(),
            connection,
            listeners,
            channels: HashSet::new(),
            confirmed_on: None,
            kept: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                received = self.requests.recv_many(&mut batch, MAX_WAITING) => {
                    if received == 0 {
                        return;
                    }
                    self.serve(mem::take(&mut batch)).await;
                }
                // Fails only after the connection was dropped, which this task holds.
                _ = self.states.changed() => self.resubscribe().await,
                () = clock::sleep(SWEEP_INTERVAL), if !self.channels.is_empty() => self.sweep().await,
            }
        }
    }

    async fn serve(&mut self, requests: Vec<Request>) {
        let (channels, callers): (Vec<String>, Vec<_>) =
            requests.into_iter().map(|request| (request.channel, request.done)).unzip();
        let outcome = self.subscribe(channels).await;
        for caller in callers {
            let answer = match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(Error::new(error.kind(), error.to_string())),
            };
            // The channel of a caller that no longer waits is swept.
            let _ = caller.send(answer);
        }
        if self.channels.len() > self.kept + MAX_UNSWEPT {
            self.sweep().await;
        }
    }

    /// Adds channels, and has all of them confirmed on the present connection. The listeners of channels that were
    /// subscribed on another one receive a gap. After a failure the channels are kept, and requested again later.
    async fn subscribe(&mut self, channels: Vec<String>) -> Result<()> {
        let added: HashSet<String> =
            channels.into_iter().filter(|channel| self.channels.insert(channel.clone())).collect();
        let generation = self.connection.current().await?;
        let interrupted = self.confirmed_on.take() != Some(generation.number);
        let missing: Vec<&String> =
            if interrupted { self.channels.iter().collect() } else { added.iter().collect() };
        if !missing.is_empty() {
            let mut connection = generation.connection;
            connection.subscribe(&missing).await.map_err(|error| from_client(&error))?;
        }
        self.confirmed_on = Some(generation.number);
        if interrupted {
            self.channels.difference(&added).for_each(|channel| self.listeners.report_gap(channel));
        }
        Ok(())
    }

    /// Subscribes again after the connection was lost or re-established. While there is no connection, watchers receive a
    /// change, so that they read their keys instead of waiting for a signal that cannot come.
    async fn resubscribe(&mut self) {
        let number = match &*self.states.borrow_and_update() {
            State::Up(generation) => Some(generation.number),
            State::Connecting | State::Down { .. } => None,
        };
        if number.is_some() {
            if number == self.confirmed_on {
                return;
            }
            self.drop_unused();
            match self.subscribe(Vec::new()).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "could not subscribe again"),
            }
        }
        self.channels.iter().for_each(|channel| self.listeners.signal_change(channel));
    }

    async fn sweep(&mut self) {
        let unused = self.drop_unused();
        if self.confirmed_on.is_none() && !self.channels.is_empty() {
            // A subscription failed on a live connection, and a further request may never come.
            let _ = self.subscribe(Vec::new()).await;
        }
        if unused.is_empty() {
            return;
        }
        if let Ok(mut connection) = self.connection.connection().await {
            // An error means that the connection is lost, and the subscriptions with it.
            let _ = connection.unsubscribe(&unused).await;
        }
    }

    /// Removes the channels without listeners, and returns them.
    fn drop_unused(&mut self) -> Vec<String> {
        let listeners = &self.listeners;
        let unused = self.channels.extract_if(|channel| !listeners.need(channel)).collect();
        self.kept = self.channels.len();
        unused
    }
}
