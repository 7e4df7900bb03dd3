//! `Listeners`: the watches and subscriptions of this process, by channel of the server.

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};

use crate::backend::notify::{Delivery, Signal, Subscribers, Subscription, Watch, Watchers};
use crate::key::StoredKey;

/// The prefix of a key's channel; `scripts/record.lua` publishes there.
const KEY_PREFIX: &str = "jollycache:";
/// The prefix of a topic's channel.
const TOPIC_PREFIX: &str = "jollycache/";

/// Receives what the server publishes, and dispatches it.
#[derive(Debug, Clone, Default)]
pub(super) struct Listeners {
    watchers: Watchers,
    subscribers: Subscribers,
}

/// The channel of a key.
pub(super) fn key_channel(key: &StoredKey) -> String {
    format!("{KEY_PREFIX}{key}")
}

/// The channel of a topic.
pub(in super::super) fn topic_channel(topic: &StoredKey) -> String {
    format!("{TOPIC_PREFIX}{topic}")
}

impl Listeners {
    pub(super) fn watch(&self, key: &StoredKey) -> Watch {
        self.watchers.watch(key.as_str())
    }

    pub(super) fn subscribe(&self, topic: &StoredKey) -> Subscription {
        self.subscribers.subscribe(topic.as_str())
    }

    /// Dispatches a push message to local watches and subscriptions. Called from the connection's driver; must not block.
    pub(super) fn dispatch(&self, push: &PushInfo) {
        let (PushKind::Message, [Value::BulkString(channel), Value::BulkString(payload)]) =
            (&push.kind, &*push.data)
        else {
            return;
        };
        let Ok(channel) = std::str::from_utf8(channel) else { return };
        if let Some(key) = channel.strip_prefix(KEY_PREFIX) {
            let signal = if payload == b"f" { Signal::Failed } else { Signal::Changed };
            self.watchers.notify(key, signal);
        } else if let Some(topic) = channel.strip_prefix(TOPIC_PREFIX) {
            self.subscribers.deliver(topic, Delivery::Message(Bytes::copy_from_slice(payload)));
        }
    }

    /// Reports that messages on `channel` may have been lost.
    pub(super) fn report_gap(&self, channel: &str) {
        self.signal_change(channel);
        if let Some(topic) = channel.strip_prefix(TOPIC_PREFIX) {
            self.subscribers.deliver(topic, Delivery::Missed(None));
        }
    }

    /// Signals a change, if `channel` is a key's, so that its watchers read the key again.
    pub(super) fn signal_change(&self, channel: &str) {
        if let Some(key) = channel.strip_prefix(KEY_PREFIX) {
            self.watchers.notify(key, Signal::Changed);
        }
    }

    /// Whether `channel` has a watch or a subscription.
    pub(super) fn need(&self, channel: &str) -> bool {
        if let Some(key) = channel.strip_prefix(KEY_PREFIX) {
            return self.watchers.is_watched(key);
        }
        channel.strip_prefix(TOPIC_PREFIX).is_some_and(|topic| self.subscribers.is_subscribed(topic))
    }
}
