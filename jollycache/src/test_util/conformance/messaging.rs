//! Topics: messages reach earlier subscribers in order, or the number of missed ones does.

use bytes::Bytes;

use super::trial::{Trial, soon};
use crate::backend::{Delivery, SUBSCRIPTION_BUFFER, Subscription};
use crate::key::StoredKey;

async fn next(subscription: &mut Subscription) -> Delivery {
    soon("a message", subscription.next()).await
}

fn message(text: &str) -> Delivery {
    Delivery::Message(Bytes::copy_from_slice(text.as_bytes()))
}

async fn publish(trial: &Trial, channel: &StoredKey, text: &str) {
    let message = Bytes::copy_from_slice(text.as_bytes());
    trial.topics().publish(channel, message).await.expect("a message is sent");
}

async fn subscribe(trial: &Trial, channel: &StoredKey) -> Subscription {
    trial.topics().subscribe(channel).await.expect("a subscription")
}

pub(super) async fn a_message_reaches_all_who_subscribed(trial: Trial) {
    let channel = trial.key("#a");
    let mut subscriptions = Vec::new();
    for _ in 0..10 {
        subscriptions.push(subscribe(&trial, &channel).await);
    }
    publish(&trial, &channel, "one").await;
    for subscription in &mut subscriptions {
        assert_eq!(next(subscription).await, message("one"));
    }
}

pub(super) async fn messages_come_in_order(trial: Trial) {
    let channel = trial.key("#a");
    let mut subscription = subscribe(&trial, &channel).await;
    for number in 0..100 {
        publish(&trial, &channel, &number.to_string()).await;
    }
    for number in 0..100 {
        assert_eq!(next(&mut subscription).await, message(&number.to_string()));
    }
}

pub(super) async fn a_message_of_any_bytes_comes_whole(trial: Trial) {
    let channel = trial.key("#a");
    let mut subscription = subscribe(&trial, &channel).await;
    let bytes: Bytes = (0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    trial.topics().publish(&channel, bytes.clone()).await.expect("a message is sent");
    trial.topics().publish(&channel, Bytes::new()).await.expect("a message is sent");
    assert_eq!(next(&mut subscription).await, Delivery::Message(bytes));
    assert_eq!(next(&mut subscription).await, message(""));
}

pub(super) async fn a_message_needs_no_subscriber(trial: Trial) {
    let channel = trial.key("#a");
    publish(&trial, &channel, "unheard").await;
    let mut subscription = subscribe(&trial, &channel).await;
    publish(&trial, &channel, "heard").await;
    assert_eq!(next(&mut subscription).await, message("heard"), "nothing is kept for later subscribers");
}

pub(super) async fn messages_of_another_channel_do_not_come(trial: Trial) {
    let (channel, other) = (trial.key("#a"), trial.key("#ab"));
    let mut subscription = subscribe(&trial, &channel).await;
    let mut other_subscription = subscribe(&trial, &other).await;
    publish(&trial, &other, "other").await;
    publish(&trial, &channel, "own").await;
    assert_eq!(next(&mut subscription).await, message("own"));
    assert_eq!(next(&mut other_subscription).await, message("other"));
}

pub(super) async fn a_channel_and_a_watched_key_of_one_name_stay_apart(trial: Trial) {
    let name = trial.key("a");
    let mut subscription = subscribe(&trial, &name).await;
    let token = trial.leased(&name).await;
    let mut watch = trial.watch(&name).await;
    publish(&trial, &name, "text").await;
    assert_eq!(next(&mut subscription).await, message("text"));
    assert!(trial.release(&name, token).await);
    assert_eq!(soon("news", watch.changed()).await, crate::backend::Signal::Failed, "the first news");
    publish(&trial, &name, "more").await;
    assert_eq!(next(&mut subscription).await, message("more"));
}

pub(super) async fn a_slow_subscriber_is_told_how_many_it_missed(trial: Trial) {
    let channel = trial.key("#a");
    let mut slow = subscribe(&trial, &channel).await;
    let mut fast = subscribe(&trial, &channel).await;
    for number in 0..SUBSCRIPTION_BUFFER + 7 {
        publish(&trial, &channel, &number.to_string()).await;
        assert_eq!(next(&mut fast).await, message(&number.to_string()));
    }
    assert_eq!(next(&mut slow).await, Delivery::Missed(Some(7)));
    assert_eq!(next(&mut slow).await, message("7"), "and then the oldest that is kept");
}

pub(super) async fn a_channel_can_be_subscribed_to_after_all_have_left(trial: Trial) {
    let channel = trial.key("#a");
    drop(subscribe(&trial, &channel).await);
    let mut subscription = subscribe(&trial, &channel).await;
    publish(&trial, &channel, "one").await;
    assert_eq!(next(&mut subscription).await, message("one"));
}
