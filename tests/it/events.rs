//! Events of invalidations reach the listeners, correctness does not depend on them, and one table maps domain events to
//! keys and tags.

use std::time::Duration;

use jollycache::{
    Cache, CacheBuilder, ErrorKind, Events, Invalidation, InvalidationEvent, Invalidator, Key, Notice, Policy,
};
use jollycache_tests::{Gate, RedisServer};

use crate::backends::{Caches, on_each_backend};

const TTL: Duration = Duration::from_mins(1);

fn sending(builder: CacheBuilder) -> CacheBuilder {
    builder.events(true)
}

async fn notice(events: &mut Events) -> Notice {
    tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("a notice")
}

async fn event(events: &mut Events) -> InvalidationEvent {
    match notice(events).await {
        Notice::Invalidated(event) => event,
        other => panic!("an event was to come, and {other:?} came"),
    }
}

/// Returns a cache that sends events, and the events of one that listens.
async fn pair(caches: &Caches) -> (Cache, Events) {
    let (sender, listener) = (caches.new_cache_with(sending).await, caches.new_cache().await);
    let events = listener.events().await.expect("listens");
    (sender, events)
}

on_each_backend!(invalidations_of_every_kind_reach_another_cache_in_order, |caches| async move {
    let (cache, mut events) = pair(&caches).await;
    let odd = Key::builder().literal("product:").part("a:b*").build();
    cache.set(&odd, &1_u8, TTL).await.expect("sets");
    cache.evict(&odd).await.expect("evicts");
    cache.evict_tags(["products", "category:tea"]).await.expect("evicts");
    cache.evict_pattern("list:*").await.expect("evicts");
    cache.evict_region("product").await.expect("evicts");
    let both = Invalidation::new().key("a").tag("t").pattern("p*");
    cache.invalidate(both).await.expect("evicts");
    let write = cache.begin_write(["w"], ["wt"]).await.expect("begins");
    write.commit_put("w", &1_u8, &Policy::new()).await.expect("commits");

    let key = event(&mut events).await;
    assert_eq!(key.keys, ["product:a%3Ab%2A"], "as the key is written; a set sends no event");
    assert_eq!((key.origin, key.region.as_deref()), (cache.origin(), Some("default")));
    let tags = event(&mut events).await;
    assert_eq!(tags.tags, ["products", "category:tea"]);
    assert!(tags.keys.is_empty() && tags.patterns.is_empty() && !tags.all);
    assert_eq!(event(&mut events).await.patterns, ["list:*"]);
    let region = event(&mut events).await;
    assert_eq!((region.all, region.region.as_deref()), (true, Some("product")));
    let both = event(&mut events).await;
    assert_eq!(
        (both.keys, both.tags, both.patterns),
        (vec!["a".into()], vec!["t".into()], vec!["p*".into()])
    );
    let write = event(&mut events).await;
    assert_eq!((write.keys, write.tags), (vec!["w".into()], vec!["wt".into()]));
});

on_each_backend!(a_cache_receives_its_own_events_with_its_origin, |caches| async move {
    let (one, other) = (caches.new_cache_with(sending).await, caches.new_cache_with(sending).await);
    assert_ne!(one.origin(), other.origin());
    let mut events = one.events().await.expect("listens");
    one.evict("a").await.expect("evicts");
    assert_eq!(event(&mut events).await.origin, one.origin());
    other.evict("a").await.expect("evicts");
    assert_eq!(event(&mut events).await.origin, other.origin());
});

on_each_backend!(a_cache_without_events_sends_none, |caches| async move {
    let (sender, mut events) = pair(&caches).await;
    let silent = caches.new_cache().await;
    silent.evict("silent").await.expect("evicts");
    silent.close().await;
    sender.evict("sent").await.expect("evicts");
    assert_eq!(event(&mut events).await.keys, ["sent"]);
    assert_eq!(silent.stats().events_sent, 0);
});

on_each_backend!(when_a_cache_is_closed_its_events_are_sent, |caches| async move {
    let (cache, mut events) = pair(&caches).await;
    for number in 0..200 {
        cache.evict(format!("k:{number}")).await.expect("evicts");
    }
    assert!(cache.close().await);
    let stats = cache.stats();
    assert_eq!((stats.events_sent, stats.events_lost), (200, 0));
    drop(cache);
    for number in 0..200 {
        assert_eq!(event(&mut events).await.keys, [format!("k:{number}")]);
    }
});

on_each_backend!(a_large_invalidation_is_cut_and_marked, |caches| async move {
    let (cache, mut events) = pair(&caches).await;
    let tags: Vec<String> = (0..2_000).map(|number| format!("tag:{number:04}")).collect();
    cache.evict_tags(&tags).await.expect("evicts");
    let event = event(&mut events).await;
    assert_eq!(event.tags, tags[..1024], "8 KiB of names");
    assert_eq!(event.omitted, 2_000 - 1024);
});

on_each_backend!(a_slow_listener_gets_the_number_of_missed_events, |caches| async move {
    let (cache, listener) = (caches.new_cache_with(sending).await, caches.new_cache().await);
    // Over one connection: what has come to one has come to the other.
    let mut slow = listener.events().await.expect("listens");
    let mut fast = listener.events().await.expect("listens");
    for number in 0..1024 + 5 {
        cache.evict(format!("k:{number}")).await.expect("evicts");
        assert_eq!(event(&mut fast).await.keys, [format!("k:{number}")]);
    }
    assert_eq!(notice(&mut slow).await, Notice::Missed(Some(5)));
    assert_eq!(event(&mut slow).await.keys, ["k:5"], "and goes on with the oldest that is kept");
});

on_each_backend!(foreign_messages_on_the_channel_are_passed_over, |caches| async move {
    let (cache, mut events) = pair(&caches).await;
    let channel = jollycache::key::StoredKey::found("it:#events");
    let backend = caches.backend().await;
    for garbage in [&b"garbage"[..], b"", b"{}", b"\xFF"] {
        backend.topics().unwrap().publish(&channel, garbage.into()).await.expect("publishes");
    }
    cache.evict("a").await.expect("evicts");
    assert_eq!(event(&mut events).await.keys, ["a"]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_server_is_a_gap_and_events_come_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let caches = Caches::Redis(server);
    let (cache, mut events) = pair(&caches).await;
    cache.evict("before").await.expect("evicts");
    assert_eq!(event(&mut events).await.keys, ["before"]);
    let Caches::Redis(taken) = caches else { return };
    server = taken;
    server.restart();
    assert_eq!(notice(&mut events).await, Notice::Missed(None), "events may have been missed meanwhile");
    // The subscription is restored. The sender may not be connected yet; then the eviction is queued, and its event is
    // sent when it is delivered.
    let _ = cache.evict("after").await;
    assert_eq!(event(&mut events).await.keys, ["after"]);
}

struct ProductChanged {
    id: u64,
    category: &'static str,
}

struct StockChanged(u64);

struct NothingToDo;

struct Unknown;

fn product(id: u64) -> Key {
    Key::builder().literal("product:").part(&id).build()
}

fn invalidator(cache: &Cache) -> Invalidator {
    Invalidator::builder(cache.clone())
        .region("product")
        .on(|event: &ProductChanged| Invalidation::new().key(product(event.id)).pattern("list:*"))
        .on(|event: &ProductChanged| {
            Invalidation::new().tag(Key::builder().literal("category:").part(event.category))
        })
        .on(|event: &StockChanged| Invalidation::new().key(product(event.0)))
        .on(|_: &NothingToDo| Invalidation::new())
        .build()
}

on_each_backend!(all_rules_of_an_event_count_and_no_others, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let invalidator = invalidator(&cache);
    let fill = async || {
        for key in ["product:1", "product:2", "list:1"] {
            cache.set(key, &1_u8, TTL).await.expect("sets");
        }
        let tagged = Policy::new().ttl(TTL).tag("category:tea");
        cache.put("tea", &1_u8, &tagged).await.expect("puts");
    };
    let held = async || {
        let keys = ["product:1", "product:2", "list:1", "tea"].map(Key::from);
        let held = other.get_many::<u8>(&keys).await.expect("reads");
        held.into_iter().map(|value| value.is_some()).collect::<Vec<_>>()
    };
    fill().await;
    let event = ProductChanged { id: 1, category: "tea" };
    assert_eq!(invalidator.publish(&event).await.expect("a rule"), 2, "a key and what matches");
    assert_eq!(held().await, [false, true, false, false]);
    fill().await;
    assert_eq!(invalidator.publish(&StockChanged(2)).await.expect("a rule"), 1);
    assert_eq!(held().await, [true, false, true, true]);
    assert_eq!(invalidator.publish(&NothingToDo).await.expect("a rule that evicts nothing"), 0);
    assert_eq!(held().await, [true, false, true, true]);
    assert_eq!(cache.stats().regions["product"].evicted_keys, 2);
});

on_each_backend!(an_event_without_a_rule_is_an_error_that_names_it, |caches| async move {
    let error = invalidator(&caches.new_cache().await).publish(&Unknown).await.expect_err("no rule");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("events::Unknown"), "{error}");
});

on_each_backend!(when_publish_returns_no_message_is_needed_for_the_contract, |caches| async move {
    // Neither sends nor listens: there is no message at all.
    let (writer, reader) = (caches.new_cache().await, caches.new_cache().await);
    let invalidator = invalidator(&writer);
    let policy = Policy::new().ttl(TTL).tag("category:tea");
    let read = async |value: u64| {
        reader
            .get_or_load("product:1", &policy, async || Ok::<_, String>(value))
            .await
            .expect("the load succeeds")
    };
    // A load that is overtaken.
    let gate = Gate::new();
    let overtaken = {
        let (reader, policy, gate) = (reader.clone(), policy.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async || {
                gate.pass().await;
                Ok::<_, String>(1_u64)
            };
            reader.get_or_load("product:1", &policy, load).await
        })
    };
    gate.reached().await;
    invalidator.publish(&ProductChanged { id: 1, category: "coffee" }).await.expect("evicts");
    gate.open();
    assert_eq!(overtaken.await.expect("joins"), Ok(1));
    assert_eq!(read(2).await, 2, "the overtaken load left nothing");
    // By its tag alone.
    invalidator.publish(&ProductChanged { id: 9, category: "tea" }).await.expect("evicts");
    assert_eq!(read(3).await, 3);
});
