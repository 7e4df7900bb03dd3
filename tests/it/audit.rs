//! The auditor finds what differs from its source, repairs it, and does no harm to what changes meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jollycache::{Audit, AuditReport, Cache, ErrorKind, Key, Policy};
use jollycache_tests::Gate;

use crate::backends::{Caches, on_each_backend};

const TTL: Duration = Duration::from_mins(1);
const STALE: Duration = Duration::from_mins(4);
/// Longer than any test, so that an audit with this interval runs only on demand.
const NEVER: Duration = Duration::from_hours(1);

/// The source of truth: numbers by id.
#[derive(Debug, Clone, Default)]
struct Source(Arc<Mutex<HashMap<String, u64>>>);

impl Source {
    fn of(values: &[(&str, u64)]) -> Self {
        let source = Source::default();
        for (id, value) in values {
            source.write(id, *value);
        }
        source
    }

    fn write(&self, id: &str, value: u64) {
        self.0.lock().unwrap().insert(id.into(), value);
    }

    fn delete(&self, id: &str) {
        self.0.lock().unwrap().remove(id);
    }

    fn load(&self, id: &str) -> Option<u64> {
        self.0.lock().unwrap().get(id).copied()
    }

    /// What the key's last segment stands for.
    fn load_key(&self, key: &Key) -> Option<u64> {
        self.load(&key.segments().next_back().unwrap())
    }
}

fn policy() -> Policy {
    Policy::new().region("product").ttl(TTL).stale(STALE)
}

fn key(id: &str) -> Key {
    Key::builder().literal("product:").part(id).build()
}

async fn fill(cache: &Cache, source: &Source, ids: &[&str], policy: &Policy) {
    for id in ids {
        let load = async || Ok::<_, String>(source.load(id));
        cache.get_or_load_option(key(id), policy, load).await.expect("the source is there");
    }
}

/// Audits `cache`'s products against `source`.
fn register(cache: &Cache, source: &Source) {
    let source = source.clone();
    let load = move |key: Key| {
        let loaded = source.load_key(&key);
        async move { Ok::<_, String>(loaded) }
    };
    cache
        .register_audit("product", Audit::new(load).sample(100).every(NEVER))
        .expect("the settings are right");
}

async fn cached(cache: &Cache, id: &str) -> Option<u64> {
    cache.get(key(id)).await.expect("reads")
}

/// What an update comes to, which would wait for a lease that was left behind.
async fn incremented(cache: &Cache, id: &str) -> u64 {
    let policy = policy();
    let updated = cache.update(key(id), &policy, |old: Option<u64>| old.unwrap_or_default() + 1);
    let updated = tokio::time::timeout(Duration::from_secs(2), updated).await;
    updated.expect("no lease is left behind").expect("updates")
}

async fn audit(cache: &Cache) -> AuditReport {
    cache.audit_now().await.expect("the backend answers")
}

fn assert_found(report: &AuditReport, audited: u64, differences: u64, disturbed: u64) {
    let total = &report.total;
    assert_eq!(
        (total.audited, total.differences, total.disturbed),
        (audited, differences, disturbed),
        "audited, differences, disturbed of {report:?}"
    );
    assert_eq!(total.repaired, differences);
}

on_each_backend!(what_changed_behind_the_caches_back_is_found_counted_and_replaced, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let source = Source::of(&[("1", 10), ("2", 20), ("a:b*", 30)]);
    fill(&cache, &source, &["1", "2", "a:b*"], &policy()).await;
    register(&cache, &source);
    source.write("a:b*", 31);
    let report = audit(&cache).await;
    assert_found(&report, 3, 1, 0);
    assert_eq!(report.regions["product"], report.total);
    assert!(report.total.oldest_difference_ms.is_some());
    assert_eq!(cached(&other, "a:b*").await, Some(31), "replaced, and not only evicted");
    let left = cache.ttl(key("a:b*")).await.expect("asks").expect("a value");
    assert!(left > TTL && left <= TTL + STALE, "the lifetime is the old one's, not {left:?}");

    let stats = &cache.stats().regions["product"];
    assert_eq!((stats.audited, stats.consistency_errors, stats.repairs), (3, 1, 1), "as the report");
    assert_eq!(stats.difference_age.count, 1);
    assert!((stats.consistency_score - 100.0 * 2.0 / 3.0).abs() < 0.01, "{}", stats.consistency_score);
    assert_found(&audit(&cache).await, 3, 0, 0);
});

on_each_backend!(what_is_like_its_source_is_left_as_it_is, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10)]);
    fill(&cache, &source, &["1"], &policy().tag("products")).await;
    cache.expire(key("1"), Duration::from_secs(100)).await.expect("expires");
    register(&cache, &source);
    assert_found(&audit(&cache).await, 1, 0, 0);
    let left = cache.ttl(key("1")).await.expect("asks").expect("a value");
    assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(100), "{left:?}");
    assert_eq!(cached(&cache, "1").await, Some(10));
    // And no lease is left behind.
    assert_eq!(incremented(&cache, "1").await, 11);
    let stats = &cache.stats().regions["product"];
    assert!((stats.consistency_score - 100.0).abs() < f64::EPSILON);
});

on_each_backend!(a_value_that_the_source_no_longer_has_is_evicted, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10), ("2", 20)]);
    fill(&cache, &source, &["1", "2"], &policy()).await;
    register(&cache, &source);
    source.delete("1");
    assert_found(&audit(&cache).await, 2, 1, 0);
    assert_eq!((cached(&cache, "1").await, cached(&cache, "2").await), (None, Some(20)));
});

on_each_backend!(a_cached_none_is_compared_too, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[]);
    fill(&cache, &source, &["1", "2"], &policy().none_ttl(TTL)).await;
    register(&cache, &source);
    source.write("1", 10);
    assert_found(&audit(&cache).await, 2, 1, 0);
    assert!(!cache.exists(key("1")).await.expect("asks"), "the source has one now");
    assert!(cache.exists(key("2")).await.expect("asks"));
});

on_each_backend!(what_has_tags_or_a_version_is_evicted_and_not_replaced, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("tagged", 10), ("versioned", 20)]);
    fill(&cache, &source, &["tagged"], &policy().tag("category:tea")).await;
    let write = cache.begin_write_with([key("versioned")], [""; 0], &policy()).await.expect("begins");
    let written = write.commit_put_version(key("versioned"), &20_u64, 7_u64, &policy()).await;
    assert!(written.expect("commits"));
    register(&cache, &source);
    source.write("tagged", 11);
    source.write("versioned", 21);
    assert_found(&audit(&cache).await, 2, 2, 0);
    let found = cache.get_many::<u64>(&[key("tagged"), key("versioned")]).await.expect("reads");
    assert_eq!(found, [None, None], "only their function knows the tags and the version of what is loaded");
});

on_each_backend!(an_audit_that_only_evicts_stores_nothing, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10)]);
    fill(&cache, &source, &["1"], &policy()).await;
    let load = async |_: Key| Ok::<_, String>(Some(11_u64));
    let load = move |key: Key| load(key);
    cache
        .register_audit("product", Audit::new(load).every(NEVER).only_evicts())
        .expect("the settings are right");
    assert_found(&audit(&cache).await, 1, 1, 0);
    assert_eq!(cached(&cache, "1").await, None);
});

/// Runs `meanwhile` while the auditor has read the source, an old value, and is about to judge.
async fn disturbed<F: AsyncFn(&Cache)>(
    caches: &Caches,
    policy: &Policy,
    loaded: Option<u64>,
    meanwhile: F,
) -> (Cache, AuditReport) {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    cache.flush().await.expect("flushes");
    fill(&cache, &Source::of(&[("1", 10)]), &["1"], policy).await;
    let gate = Gate::new();
    let held = gate.clone();
    let load = move |_: Key| {
        let held = held.clone();
        async move {
            held.pass().await;
            Ok::<_, String>(loaded)
        }
    };
    cache.register_audit("product", Audit::new(load).every(NEVER)).expect("the settings are right");
    let auditing = tokio::spawn({
        let cache = cache.clone();
        async move { audit(&cache).await }
    });
    gate.reached().await;
    // Readers are served all the while, and load nothing.
    let read = other.get_or_load(key("1"), policy, async || Err::<u64, _>("loaded")).await;
    assert_eq!(read, Ok(10));
    meanwhile(&other).await;
    gate.open();
    (cache, auditing.await.expect("joins"))
}

/// What the source may say: something else, nothing, the same.
const ANSWERS: [Option<u64>; 3] = [Some(9), None, Some(10)];

on_each_backend!(what_is_evicted_during_its_audit_is_not_put_back, |caches| async move {
    for loaded in ANSWERS {
        let evict = async |cache: &Cache| assert!(cache.evict(key("1")).await.expect("evicts"));
        let (cache, report) = disturbed(&caches, &policy(), loaded, evict).await;
        assert_eq!(cached(&cache, "1").await, None);
        assert_eq!(report.total.differences, 0, "it is unknown whether it differed");
    }
});

on_each_backend!(what_is_overwritten_during_its_audit_stays, |caches| async move {
    for loaded in ANSWERS {
        let overwrite = async |cache: &Cache| cache.put(key("1"), &12_u64, &policy()).await.expect("puts");
        let (cache, report) = disturbed(&caches, &policy(), loaded, overwrite).await;
        assert_eq!(cached(&cache, "1").await, Some(12));
        assert_eq!(report.total.differences, 0);
    }
});

on_each_backend!(what_is_written_during_its_audit_stays, |caches| async move {
    for loaded in ANSWERS {
        let write = async |cache: &Cache| {
            let write = cache.begin_write_with([key("1")], [""; 0], &policy()).await.expect("begins");
            assert!(write.commit_put(key("1"), &12_u64, &policy()).await.expect("commits"));
        };
        let (cache, report) = disturbed(&caches, &policy(), loaded, write).await;
        assert_eq!(cached(&cache, "1").await, Some(12));
        assert_eq!(report.total.differences, 0);
    }
});

on_each_backend!(a_value_evicted_by_its_tag_during_its_audit_is_not_judged, |caches| async move {
    for loaded in [Some(9), None] {
        let evict = async |cache: &Cache| cache.evict_tags(["products"]).await.expect("evicts");
        let (cache, report) = disturbed(&caches, &policy().tag("products"), loaded, evict).await;
        assert_eq!(cached(&cache, "1").await, None);
        assert_found(&report, 0, 0, 1);
    }
});

on_each_backend!(what_is_not_disturbed_is_judged, |caches| async move {
    let (cache, report) = disturbed(&caches, &policy(), Some(9), async |_: &Cache| ()).await;
    assert_eq!(cached(&cache, "1").await, Some(9));
    assert_found(&report, 1, 1, 0);
});

on_each_backend!(other_types_other_regions_and_cut_keys_are_not_compared, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10)]);
    fill(&cache, &source, &["1"], &policy()).await;
    cache.put("product:text", &"text".to_owned(), &policy()).await.expect("puts");
    cache.put(key(&"x".repeat(600)), &1_u64, &policy()).await.expect("puts");
    cache.put("product:elsewhere", &1_u64, &Policy::new().region("other")).await.expect("puts");
    cache.increment("product:counter", 1).await.expect("counts");
    register(&cache, &source);
    let report = audit(&cache).await;
    assert_found(&report, 1, 0, 0);
    assert_eq!(report.total.skipped, 2, "the text, and the key that cannot be read back");
    assert_eq!(cache.stats().regions["product"].audit_skipped, 2);
    assert_eq!(cache.get("product:text").await.expect("reads"), Some("text".to_owned()));
    assert_eq!(cache.get("product:elsewhere").await.expect("reads"), Some(1_u64));
});

on_each_backend!(a_sample_is_no_larger_than_its_size_and_is_not_always_the_same, |caches| async move {
    let cache = caches.new_cache().await;
    let ids: Vec<String> = (0..40).map(|id| id.to_string()).collect();
    let source = Source::default();
    for id in &ids {
        source.write(id, 1);
    }
    fill(&cache, &source, &ids.iter().map(String::as_str).collect::<Vec<_>>(), &policy()).await;
    let seen = Arc::new(Mutex::new(HashMap::<String, u64>::new()));
    let noted = seen.clone();
    let load = move |key: Key| {
        *noted.lock().unwrap().entry(key.as_str().to_owned()).or_default() += 1;
        async { Ok::<_, String>(Some(1_u64)) }
    };
    cache.register_audit("product", Audit::new(load).sample(5).every(NEVER)).expect("the settings are right");
    for _ in 0..30 {
        assert_found(&audit(&cache).await, 5, 0, 0);
    }
    // Of 40, 30 rounds of 5 leave one out with a chance of under one in fifty; ten of them never.
    assert!(seen.lock().unwrap().len() > 30, "{seen:?}");
});

#[tokio::test]
async fn a_large_namespace_is_seen_in_turns() {
    let cache = Caches::memory().unwrap().new_cache().await;
    for id in 0..10_100 {
        cache.set(format!("a:{id}"), &1_u8, TTL).await.expect("sets");
    }
    let source = Source::of(&[("last", 1)]);
    let filled = Policy::new().region("product").ttl(TTL);
    let last = Key::from("z:last");
    cache.put(&last, &1_u64, &filled).await.expect("puts");
    let asked = source.clone();
    let load = move |key: Key| {
        let loaded = asked.load_key(&key);
        async move { Ok::<_, String>(loaded) }
    };
    cache
        .register_audit("product", Audit::new(load).sample(1_000).every(NEVER))
        .expect("the settings are right");
    assert_found(&audit(&cache).await, 0, 0, 0);
    assert_found(&audit(&cache).await, 1, 0, 0);
}

on_each_backend!(a_loader_that_fails_or_panics_changes_nothing, |caches| async move {
    let cache = caches.new_cache().await;
    fill(
        &cache,
        &Source::of(&[("fails", 1), ("panics", 2), ("polled", 3)]),
        &["fails", "panics", "polled"],
        &policy(),
    )
    .await;
    let load = |key: Key| {
        assert!(key.as_str() != "product:panics", "the loader panics before its future is there");
        async move {
            assert!(key.as_str() != "product:polled", "the loader's future panics");
            Err::<Option<u64>, _>("the source is down")
        }
    };
    cache.register_audit("product", Audit::new(load).every(NEVER)).expect("the settings are right");
    let report = audit(&cache).await;
    assert_found(&report, 0, 0, 0);
    assert_eq!(report.total.load_errors, 3);
    assert_eq!(cache.stats().regions["product"].audit_load_errors, 3);
    for (id, value) in [("fails", 1), ("panics", 2), ("polled", 3)] {
        assert_eq!(cached(&cache, id).await, Some(value));
        assert_eq!(incremented(&cache, id).await, value + 1);
    }
});

on_each_backend!(a_loader_that_reads_through_the_cache_is_not_fooled_by_it, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10)]);
    fill(&cache, &source, &["1"], &policy()).await;
    let (through, asked) = (cache.clone(), source.clone());
    let load = move |key: Key| {
        let (through, answer) = (through.clone(), asked.load_key(&key));
        async move { through.get_or_load_option(key, &policy(), async || Ok::<_, String>(answer)).await }
    };
    cache.register_audit("product", Audit::new(load).every(NEVER)).expect("the settings are right");
    source.write("1", 11);
    assert_found(&audit(&cache).await, 1, 1, 0);
    assert_eq!(cached(&cache, "1").await, Some(11));
});

on_each_backend!(the_schedule_runs_and_ends_with_the_cache, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::of(&[("1", 10)]);
    fill(&cache, &source, &["1"], &policy()).await;
    let rounds = Arc::new(AtomicU64::new(0));
    let counted = rounds.clone();
    let load = move |_: Key| {
        // A panic on the way does not end the schedule.
        assert!(counted.fetch_add(1, Ordering::SeqCst) != 1, "the second load panics");
        async { Ok::<_, String>(Some(11_u64)) }
    };
    let audit = Audit::new(load).every(Duration::from_millis(5));
    cache.register_audit("product", audit).expect("the settings are right");
    until("some rounds", || rounds.load(Ordering::SeqCst) >= 5).await;
    assert_eq!(cached(&cache, "1").await, Some(11), "repaired by the regular audit");
    until("stats", || cache.stats().total.audited >= 4).await;
    assert_eq!(cache.stats().total.repairs, 1);
    drop(cache);
    until("the loader is dropped, and with it the task", || Arc::strong_count(&rounds) == 1).await;
});

on_each_backend!(settings_out_of_range_are_refused, |caches| async move {
    let cache = caches.new_cache().await;
    let audit = || Audit::new(|_: Key| async { Ok::<Option<u64>, String>(None) });
    for wrong in [audit().sample(0), audit().sample(1_001), audit().every(Duration::ZERO)] {
        let error = cache.register_audit("product", wrong).expect_err("out of range");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("\"product\""), "{error}");
    }
});

on_each_backend!(stale_reads_are_counted_with_their_age, |caches| async move {
    let cache = caches.new_cache().await;
    let short = Policy::new().region("product").ttl(Duration::from_millis(1)).stale(STALE);
    cache.put(key("1"), &10_u64, &short).await.expect("puts");
    let stats = || cache.stats().regions.get("default").cloned().unwrap_or_default();
    while stats().stale_reads == 0 {
        assert_eq!(cached(&cache, "1").await, Some(10));
    }
    let age = stats().stale_age;
    assert_eq!(age.count, 1);
    assert!(age.max_ms >= age.p50_ms && age.max_ms < 60_000, "{age:?}");
    assert_found(&audit(&cache).await, 0, 0, 0);
});

on_each_backend!(a_write_that_outlasts_its_intent_is_counted, |caches| async move {
    let cache = caches.new_cache().await;
    for (intent, expired) in [(TTL, 0), (Duration::from_millis(1), 1)] {
        let policy = policy().intent(intent);
        let write = cache.begin_write_with([key("1")], [""; 0], &policy).await.expect("begins");
        // By the clock that the intent is measured with, on a monotonic timer.
        #[allow(clippy::disallowed_methods, reason = "only time ends an intent")]
        tokio::time::sleep(Duration::from_millis(5)).await;
        let stored = write.commit_put(key("1"), &1_u64, &policy).await.expect("commits");
        assert_eq!(stored, expired == 0);
        assert_eq!(cache.stats().regions["product"].expired_intents, expired);
    }
});

#[allow(clippy::disallowed_methods, reason = "between two looks at what cannot be awaited")]
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let looked = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), looked)
        .await
        .unwrap_or_else(|_| panic!("not within 10 s: {what}"));
}
