//! The outbox: events on their way to the other processes. An invalidation queues one and does not wait; a task of the
//! engine sends them, in order. An event that cannot be sent is lost, and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::task::JoinHandle;

use super::retry_queue::Pending;
use crate::event::{InvalidatedName, InvalidationEvent, Origin};
use crate::key::{Namespace, StoredKey};
use crate::region::Region;
use crate::store::Store;

/// How many events wait to be sent; one beyond them is lost.
const MAX_WAITING: usize = 1024;
/// How many are sent in one go.
const BATCH: usize = 64;
/// How long one go may take.
const SEND_TIMEOUT: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Arc<Queue>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Queue {
    store: Arc<Store>,
    channel: StoredKey,
    waiting: Mutex<VecDeque<Bytes>>,
    wake: Notify,
    /// Held while sending, so that events leave in order.
    turn: AsyncMutex<()>,
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Outbox {
    pub(super) fn new(store: Arc<Store>) -> Self {
        let queue = Queue {
            channel: store.namespace.event_channel(),
            store,
            waiting: Mutex::default(),
            wake: Notify::new(),
            turn: AsyncMutex::new(()),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        };
        Outbox { queue: Arc::new(queue), task: Mutex::new(None) }
    }

    /// Queues the event of invalidations that were delivered, in `region`, by the cache `origin`.
    pub(super) fn publish<'p>(
        &self,
        origin: Origin,
        region: Option<&Region>,
        delivered: impl IntoIterator<Item = &'p Pending>,
    ) {
        let namespace = &self.queue.store.namespace;
        let mut names = delivered.into_iter().filter_map(|pending| name_of(namespace, pending)).peekable();
        if names.peek().is_none() {
            return;
        }
        let event = InvalidationEvent::of(origin, region.map(|region| &*region.name), names);
        if let Some(event) = event.encode() {
            self.post(event);
        }
    }

    fn post(&self, event: Bytes) {
        self.queue.push(event);
        self.keep_running();
        self.queue.wake.notify_one();
    }

    /// Sends what waits now.
    pub(super) async fn flush(&self) {
        self.queue.send_all().await;
    }

    /// How many events were sent, and how many were lost.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.queue.sent.load(Ordering::Relaxed), self.queue.lost.load(Ordering::Relaxed))
    }

    /// Starts the task, and starts it again when it ended with the runtime it ran on.
    fn keep_running(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            *task = Some(runtime.spawn(run(self.queue.clone())));
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn run(queue: Arc<Queue>) {
    loop {
        queue.wake.notified().await;
        queue.send_all().await;
    }
}

impl Queue {
    fn push(&self, event: Bytes) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push_back(event);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn batch(&self) -> Vec<Bytes> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }

    async fn send_all(&self) {
        let _turn = self.turn.lock().await;
        loop {
            let batch = self.batch();
            if batch.is_empty() {
                return;
            }
            let mut sending = Sending { queue: self, unanswered: batch.len() as u64 };
            // Handed to the backend in order; it need not wait for one answer before the next question.
            let publish = |event| self.store.background(SEND_TIMEOUT).publish(&self.channel, event);
            let answers = join_all(batch.into_iter().map(publish)).await;
            let sent = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
            self.sent.fetch_add(sent, Ordering::Relaxed);
            sending.unanswered -= sent;
        }
    }
}

/// Events under way. Those without an answer when this is dropped, with the task's runtime for example, count as lost.
struct Sending<'q> {
    queue: &'q Queue,
    unanswered: u64,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.queue.lost.fetch_add(self.unanswered, Ordering::Relaxed);
    }
}

fn name_of<'p>(namespace: &Namespace, pending: &'p Pending) -> Option<InvalidatedName<'p>> {
    match pending {
        Pending::Key(key) => namespace.key_of(key.as_str()).map(InvalidatedName::Key),
        Pending::Tag(tag) => namespace.tag_of(tag.as_str()).map(InvalidatedName::Tag),
        Pending::Region(_) => Some(InvalidatedName::All),
        Pending::Matching(glob) => namespace.inside(glob).map(InvalidatedName::Pattern),
    }
}
