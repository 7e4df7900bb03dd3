//! A call's own evictions and puts are no other writer's, on each backend: attributes may stand in any order, and a body
//! may call annotated functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join;
use jollycache::{Cache, Policy, cache_evict, cache_put, scope};
use jollycache_tests::Gate;

use crate::backends::on_each_backend;

fn open_gate() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

/// Hands out numbers, as a sequence in a database does.
#[derive(Clone, Default)]
struct Source(Arc<AtomicU64>);

impl Source {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[cache_evict(tags = ["lists"])]
    #[cache_put(key = "v:{ret}")]
    async fn evict_above_put(&self) -> u64 {
        self.next()
    }

    #[cache_put(key = "v:{ret}")]
    #[cache_evict(tags = ["lists"])]
    async fn put_above_evict(&self) -> u64 {
        self.next()
    }

    #[cache_evict(key = "v:{ret}", tags = ["numbers"], pattern = "w:*", when = "around")]
    #[cache_put(key = "v:{ret}", tags = ["numbers"])]
    async fn evict_what_is_put(&self) -> u64 {
        self.next()
    }

    #[cache_evict(tags = ["numbers"])]
    #[cache_put(key = "last", tags = ["numbers"])]
    async fn evict_the_tag_of_what_is_put(&self) -> u64 {
        self.next()
    }

    #[cache_put(key = "a:{ret}")]
    #[cache_put(key = "b:{ret}", tags = ["numbers:{ret}"])]
    async fn put_twice(&self) -> u64 {
        self.next()
    }

    #[cache_evict(tags = ["lists"])]
    async fn forget_lists(&self, gate: &Gate) {
        gate.pass().await;
    }

    #[cache_put(key = "v:{ret}")]
    async fn call_others(&self) -> u64 {
        self.forget_lists(&open_gate()).await;
        join(self.forget_lists(&open_gate()), self.put_twice()).await.1
    }

    #[cache_put(key = "v:{ret}")]
    async fn call_another_at(&self, gate: &Gate) -> u64 {
        let number = self.next();
        gate.pass().await;
        self.forget_lists(&open_gate()).await;
        number
    }

    #[cache_put(key = "same:{name}:{ret.0}")]
    async fn put_at(&self, name: &str, gate: &Gate) -> (u64, u64) {
        let number = self.next();
        gate.pass().await;
        (7, number)
    }
}

async fn cached<V: jollycache::Value>(cache: &Cache, key: String) -> Option<V> {
    cache.get(key).await.expect("reads")
}

on_each_backend!(attributes_may_stand_in_any_order, |caches| async move {
    let cache = caches.new_cache().await;
    scope(cache.clone(), async {
        let source = Source::default();
        let number = source.put_above_evict().await;
        assert_eq!(cached(&cache, format!("v:{number}")).await, Some(number), "put above evict");
        let number = source.evict_above_put().await;
        assert_eq!(cached(&cache, format!("v:{number}")).await, Some(number), "evict above put");
        let number = source.evict_what_is_put().await;
        assert_eq!(cached(&cache, format!("v:{number}")).await, Some(number), "evict of what is put");
        let number = source.evict_the_tag_of_what_is_put().await;
        assert_eq!(cached(&cache, "last".to_owned()).await, Some(number), "evict of the tag of what is put");
    })
    .await;
});

on_each_backend!(two_puts_of_late_keys_are_both_stored, |caches| async move {
    let cache = caches.new_cache().await;
    let number = scope(cache.clone(), Source::default().put_twice()).await;
    assert_eq!(cached(&cache, format!("b:{number}")).await, Some(number));
    assert_eq!(cached(&cache, format!("a:{number}")).await, Some(number));
});

on_each_backend!(a_body_that_calls_annotated_functions_is_no_other_writer, |caches| async move {
    let cache = caches.new_cache().await;
    let number = scope(cache.clone(), Source::default().call_others()).await;
    assert_eq!(cached(&cache, format!("v:{number}")).await, Some(number));
});

on_each_backend!(a_writer_between_own_ones_is_seen, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let source = Source::default();
    for _ in 0..3 {
        let gate = Gate::new();
        let put = {
            let (cache, source, gate) = (cache.clone(), source.clone(), gate.clone());
            tokio::spawn(async move { scope(cache, source.call_another_at(&gate)).await })
        };
        gate.reached().await;
        other.evict("anything").await.expect("evicts");
        gate.open();
        let number = put.await.expect("joins");
        assert_eq!(
            cached::<u64>(&cache, format!("v:{number}")).await,
            None,
            "the other writer was overlooked"
        );
    }
});

on_each_backend!(what_runs_beside_the_body_is_another_writer, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::default();
    let gate = Gate::new();
    let put = scope(cache.clone(), source.call_another_at(&gate));
    let other = async {
        gate.reached().await;
        cache.evict("anything").await.expect("evicts");
        gate.open();
    };
    let (number, ()) = join(put, other).await;
    assert_eq!(cached::<u64>(&cache, format!("v:{number}")).await, None, "in one task, and not in the body");
});

on_each_backend!(two_puts_side_by_side_in_one_body_are_two_writers, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::default();
    let (first, second) = (Gate::new(), Gate::new());
    let stage = async {
        first.reached().await;
        second.reached().await;
        first.open();
        second.open();
    };
    let puts = scope(cache.clone(), join(source.put_at("x", &first), source.put_at("x", &second)));
    let ((one, two), ()) = join(puts, stage).await;
    let kept = cached::<(u64, u64)>(&cache, "same:x:7".to_owned()).await;
    let newest = if one.1 > two.1 { one } else { two };
    assert!(kept.is_none_or(|kept| kept == newest), "{kept:?} was kept, {newest:?} is the newest");
});

on_each_backend!(a_write_by_hand_that_follows_its_own_eviction_yields, |caches| async move {
    let cache = caches.new_cache().await;
    let write = cache.begin_write(["x"], [""; 0]).await.expect("begins");
    cache.evict("y").await.expect("evicts");
    let policy = Policy::new().ttl(Duration::from_mins(1));
    assert!(!write.commit_put("late", &1_u64, &policy).await.expect("commits"), "a guard has no body");
});
