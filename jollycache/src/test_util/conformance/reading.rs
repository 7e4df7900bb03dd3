//! Values: what is stored is read, for as long as it lives.

use std::time::Duration;

use bytes::Bytes;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, stamp};
use crate::backend::Read;
use crate::entry::{Draft, Entry, Token};

pub(super) async fn a_key_that_was_never_stored_is_a_miss(trial: Trial) {
    let read = trial.backend.read(&trial.key("a"), &[]).await.expect("a read");
    assert_eq!(read, Read::default());
}

pub(super) async fn a_stored_entry_reads_back_as_it_was(trial: Trial) {
    let key = trial.key("a");
    let tags = vec![stamp("products", Token::random()), stamp("category:1%3A2", Token::random())];
    let draft = Draft { tags, ttl: Duration::from_millis(12_345), stale: LONG, ..draft("{\"a\":1}") };
    trial.store(&key, &draft).await;
    let entry = trial.read(&key).await.expect("the entry");
    assert!(entry.created > 0, "the backend stamps the time");
    assert_eq!(entry, Entry::from_draft(&draft, entry.created));
}

pub(super) async fn an_entry_that_stands_for_none_reads_back_so(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &Draft { none: true, ..draft("") }).await;
    let entry = trial.read(&key).await.expect("the entry");
    assert!(entry.none && entry.payload.is_empty());
}

pub(super) async fn a_value_is_gone_after_its_lifetime(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &Draft { ttl: SHORT, ..draft("v") }).await;
    eventually!("the value is gone", trial.read(&key).await.is_none());
}

pub(super) async fn a_value_outlives_its_ttl_by_its_stale_window(trial: Trial) {
    let (key, marker) = (trial.key("a"), trial.key("marker"));
    trial.store(&key, &Draft { ttl: SHORT, stale: LONG, ..draft("v") }).await;
    trial.store(&marker, &Draft { ttl: SHORT, ..draft("v") }).await;
    eventually!("the marker of the same ttl is gone", trial.read(&marker).await.is_none());
    assert_eq!(trial.text(&key).await.as_deref(), Some("v"));
}

pub(super) async fn a_longest_lifetime_is_accepted(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &Draft { ttl: Duration::MAX, stale: Duration::MAX, ..draft("v") }).await;
    let ttl = trial.lifetimes().ttl(&key).await.expect("a ttl").expect("a value");
    assert!(ttl > Duration::from_secs(10 * 365 * 24 * 60 * 60), "{ttl:?}");
}

pub(super) async fn many_reads_come_in_order_with_their_tags(trial: Trial) {
    let keys: Vec<_> = (0..5).map(|index| trial.key(&format!("k{index}"))).collect();
    for index in [0, 3] {
        trial.store(&keys[index], &draft(&index.to_string())).await;
    }
    trial.leased(&keys[1]).await;
    let (known, unknown) = (trial.tag("known"), trial.tag("unknown"));
    let id = trial.tag_id(&known).await;
    let (entries, ids) = trial.backend.read_many(&keys, &[unknown, known]).await.expect("reads");
    let found: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| &entry.payload[..])).collect();
    assert_eq!(found, [Some(&b"0"[..]), None, None, Some(b"3"), None]);
    assert_eq!(ids, [None, Some(id)]);
}

pub(super) async fn a_read_of_nothing_is_empty(trial: Trial) {
    let (entries, ids) = trial.backend.read_many(&[], &[]).await.expect("reads");
    assert!(entries.is_empty() && ids.is_empty());
    assert!(trial.backend.tag_ids(&[]).await.expect("tag ids").is_empty());
    assert_eq!(trial.backend.invalidate(&[], &[], Duration::ZERO).await.expect("an invalidation"), 0);
    if let Some(keyspace) = trial.backend.keyspace() {
        keyspace.delete_raw(&[]).await.expect("a deletion");
    }
}

pub(super) async fn hostile_names_stay_apart(trial: Trial) {
    let names = [
        "a",
        "a ",
        "a\0",
        "a\r\n",
        "$1\r\na\r\n",
        "*",
        "a*",
        "a?",
        "[a]",
        "{a}",
        "\\",
        "ä",
        "a:b",
        "%2A",
        "'",
        "\"",
    ];
    let long = "x".repeat(480);
    let keys: Vec<_> = names.iter().copied().chain([&*long]).map(|name| trial.key(name)).collect();
    for (index, key) in keys.iter().enumerate() {
        let token = trial.leased(key).await;
        assert!(trial.fill(key, token, &index.to_string()).await, "{key:?}");
    }
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(trial.text(key).await, Some(index.to_string()), "{key:?}");
    }
    for key in &keys {
        assert_eq!(trial.invalidate(key).await, 1, "{key:?}");
    }
}

pub(super) async fn a_value_of_one_mebibyte_comes_back_whole(trial: Trial) {
    let key = trial.key("a");
    let payload: Vec<u8> = (0..1024 * 1024).map(|index| u8::try_from(index % 251).unwrap_or(0)).collect();
    let draft = Draft { payload: Bytes::from(payload), ..draft("") };
    let token = trial.leased(&key).await;
    assert!(trial.backend.fill(&key, token, &draft, &[]).await.expect("a fill").stored);
    assert!(trial.read(&key).await.expect("the entry").payload == draft.payload, "the payload differs");
}

pub(super) async fn the_remaining_lifetime_is_that_of_a_value(trial: Trial) {
    let key = trial.key("a");
    assert_eq!(trial.lifetimes().ttl(&key).await.expect("a ttl"), None);
    trial.store(&key, &draft("v")).await;
    let ttl = trial.lifetimes().ttl(&key).await.expect("a ttl").expect("a value");
    assert!(ttl <= LONG && ttl > LONG / 2, "{ttl:?}");
}

pub(super) async fn leases_and_intents_have_no_lifetime_to_ask_for(trial: Trial) {
    let (leased, intended) = (trial.key("leased"), trial.key("intended"));
    trial.leased(&leased).await;
    trial.backend.begin_write(&intended, REGION, Token::random(), LONG).await.expect("an intent");
    for key in [&leased, &intended] {
        assert_eq!(trial.lifetimes().ttl(key).await.expect("a ttl"), None);
    }
}

pub(super) async fn expire_gives_a_new_lifetime_without_a_stale_window(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &Draft { stale: LONG, ..draft("v") }).await;
    let before = trial.read(&key).await.expect("the entry");

    assert!(trial.lifetimes().expire(&key, LONG * 2).await.expect("an expiry"));
    let ttl = trial.lifetimes().ttl(&key).await.expect("a ttl").expect("a value");
    assert!(ttl > LONG && ttl <= LONG * 2, "{ttl:?}");
    let after = trial.read(&key).await.expect("the entry");
    assert!(after.fresh_until > before.fresh_until);
    assert_eq!(Entry { fresh_until: before.fresh_until, ..after }, before, "nothing else changes");

    assert!(trial.lifetimes().expire(&key, SHORT).await.expect("an expiry"));
    eventually!("the value is gone", trial.read(&key).await.is_none());
}

pub(super) async fn expire_needs_a_value(trial: Trial) {
    let (absent, leased, intended) = (trial.key("absent"), trial.key("leased"), trial.key("intended"));
    let token = trial.leased(&leased).await;
    let writer = Token::random();
    trial.backend.begin_write(&intended, REGION, writer, LONG).await.expect("an intent");
    for key in [&absent, &leased, &intended] {
        assert!(!trial.lifetimes().expire(key, Duration::ZERO).await.expect("an expiry"), "{key:?}");
    }
    assert!(trial.fill(&leased, token, "v").await, "the lease is untouched");
    let end = crate::backend::WriteEnd::Put(&draft("v"));
    assert!(
        trial.backend.end_write(&intended, writer, end).await.expect("an end"),
        "the intent is untouched"
    );
}

pub(super) async fn deleted_names_are_gone_whatever_they_held(trial: Trial) {
    let (value, leased, counter, tag) =
        (trial.key("value"), trial.key("leased"), trial.key("#counter:c"), trial.tag("t"));
    trial.store(&value, &draft("v")).await;
    let token = trial.leased(&leased).await;
    trial.counters().add(&counter, 5, None).await.expect("a sum");
    let id = trial.tag_id(&tag).await;

    let names = [value.clone(), leased.clone(), counter.clone(), tag.clone(), trial.key("absent")];
    trial.keyspace().delete_raw(&names).await.expect("a deletion");
    assert_eq!(trial.read(&value).await, None);
    assert!(!trial.fill(&leased, token, "v").await);
    assert_eq!(trial.counters().add(&counter, 1, None).await.expect("a sum"), 1);
    assert_ne!(trial.tag_id(&tag).await, id);
}

pub(super) async fn a_ping_is_answered(trial: Trial) {
    trial.backend.ping().await.expect("an answer");
}

pub(super) async fn the_info_names_the_backend(trial: Trial) {
    let info = trial.backend.info().await.expect("information");
    assert_eq!(info.backend, trial.backend.name());
    assert!(!info.backend.is_empty());
}

pub(super) async fn a_dropped_call_leaves_the_backend_usable(trial: Trial) {
    let key = trial.key("a");
    for _ in 0..50 {
        let call = trial.backend.take_lease(&key, REGION, Token::random(), LONG);
        // Polled once, and dropped unless it was done at once.
        let _ = tokio::time::timeout(Duration::ZERO, call).await;
        let _ = tokio::time::timeout(Duration::ZERO, trial.backend.watch(&key)).await;
        let _ = tokio::time::timeout(Duration::ZERO, trial.backend.read(&key, &[])).await;
    }
    trial.store(&key, &draft("last")).await;
    assert_eq!(trial.text(&key).await.as_deref(), Some("last"));
}
