//! Warm-ups: bounded, counted, not stopped by failures, ended with their owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jollycache::{Cache, ErrorKind, MemoryBackend, Policy, WarmUp, WarmUpBuilder, WarmUpProgress, cacheable};
use jollycache_tests::Gate;

use crate::backends::on_each_backend;

fn memory() -> Cache {
    Cache::builder().namespace("warm").backend(MemoryBackend::new()).build().unwrap()
}

/// Adds a loader of these keys, which loads by `load`.
fn with<F, L>(builder: WarmUpBuilder, name: &str, keys: Vec<u32>, load: L) -> WarmUpBuilder
where
    L: Fn(u32) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    builder.loader(name, move || std::future::ready(Ok::<_, String>(keys.clone())), load)
}

fn counts(progress: &WarmUpProgress) -> (u64, u64, u64) {
    (progress.total, progress.done, progress.failed)
}

async fn until_ended(warm_up: &WarmUp) -> WarmUpProgress {
    let waiting = async {
        while warm_up.progress().running {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    warm_up.progress()
}

on_each_backend!(what_is_loaded_is_cached_and_what_is_cached_is_not_loaded, |caches| async {
    let cache = caches.new_cache().await;
    let loads = Arc::new(AtomicUsize::new(0));
    let (filled, counted) = (cache.clone(), loads.clone());
    let warm_up = with(WarmUp::builder(&cache), "numbers", vec![1, 2, 3], move |number| {
        let (cache, loads) = (filled.clone(), counted.clone());
        async move {
            let load = async || {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok::<_, String>(number)
            };
            let loaded = cache.get_or_load(format!("n:{number}"), &Policy::new(), load).await;
            loaded.map(drop)
        }
    });
    let warm_up = warm_up.build().unwrap();
    for _ in 0..2 {
        assert_eq!(counts(&warm_up.run(&[]).await.unwrap()), (3, 3, 0));
        assert_eq!(loads.load(Ordering::SeqCst), 3);
    }
    assert_eq!(cache.get("n:2").await.unwrap(), Some(2_u32));
});

#[cacheable(key = "double:{number}")]
async fn double(number: u32) -> Result<u32, String> {
    Ok(2 * number)
}

#[tokio::test]
async fn annotated_functions_that_name_no_cache_use_the_one_that_is_warmed_up() {
    let cache = memory();
    let list = || std::future::ready(Ok::<_, String>(vec![21]));
    let warm_up = WarmUp::builder(&cache).loader("doubles", list, double).build().unwrap();
    warm_up.run(&["doubles"]).await.unwrap();
    assert_eq!(cache.get("double:21").await.unwrap(), Some(42_u32));
}

#[tokio::test]
async fn failures_and_panics_are_counted_and_the_rest_goes_on() {
    let builder = WarmUp::builder(&memory()).loader(
        "unlisted",
        || std::future::ready(Err::<Vec<u32>, _>("no list")),
        |_| std::future::ready(Ok::<_, String>(())),
    );
    let builder = with(builder, "half", (0..10).collect(), async |number| match number {
        3 => panic!("a load that panics"),
        number if number % 2 == 0 => Err(format!("{number} cannot be loaded")),
        _ => Ok(()),
    });
    let warm_up = builder.build().unwrap();
    let progress = warm_up.run(&[]).await.unwrap();
    assert_eq!(counts(&progress), (10, 4, 7));
    let loaders: Vec<_> = progress.loaders.iter().map(|one| (&*one.name, one.total, one.failed)).collect();
    assert_eq!(loaders, [("unlisted", 0, 1), ("half", 10, 6)]);
    assert!(!progress.running && !progress.cancelled && progress.started_at_ms.is_some());
}

#[tokio::test]
async fn no_more_are_loaded_at_once_than_allowed_nor_more_keys() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, peak) = (now.clone(), most.clone());
    let builder = with(WarmUp::builder(&memory()), "many", (0..100).collect(), move |_| {
        let (now, most) = (running.clone(), peak.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let warm_up = builder.concurrency(3).max_keys(20).build().unwrap();
    assert_eq!(counts(&warm_up.run(&[]).await.unwrap()), (20, 20, 0));
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_load_that_hangs_is_dropped() {
    let builder = with(WarmUp::builder(&memory()), "hangs", vec![1, 2], async |number| {
        if number == 1 { std::future::pending().await } else { Ok(()) }
    });
    let warm_up = builder.load_timeout(Duration::from_millis(50)).build().unwrap();
    assert_eq!(counts(&warm_up.run(&[]).await.unwrap()), (2, 1, 1));
}

/// A warm-up whose one load waits at the gate; the returned reference counts show when it is dropped.
fn gated(gate: &Gate) -> (WarmUp, Arc<()>) {
    let (gate, alive) = (gate.clone(), Arc::new(()));
    let held = Arc::downgrade(&alive);
    let builder = with(WarmUp::builder(&memory()), "gated", vec![1], move |_| {
        let (gate, alive) = (gate.clone(), held.upgrade());
        async move {
            gate.pass().await;
            drop(alive);
            Ok(())
        }
    });
    (builder.build().unwrap(), alive)
}

#[tokio::test]
async fn one_runs_at_a_time_and_reports_its_progress() {
    let gate = Gate::new();
    let (warm_up, _alive) = gated(&gate);
    assert_eq!(warm_up.progress(), WarmUpProgress::default());
    warm_up.start(&[]).unwrap();
    gate.reached().await;
    let progress = warm_up.progress();
    assert!(progress.running);
    assert_eq!(counts(&progress), (1, 0, 0));
    assert_eq!(warm_up.start(&[]).unwrap_err().kind(), ErrorKind::Contended);
    assert_eq!(warm_up.run(&[]).await.unwrap_err().kind(), ErrorKind::Contended);
    gate.open();
    assert_eq!(counts(&until_ended(&warm_up).await), (1, 1, 0));
    warm_up.start(&[]).unwrap();
    gate.open();
    assert_eq!(counts(&until_ended(&warm_up).await), (1, 1, 0));
}

#[tokio::test]
async fn a_run_that_is_dropped_or_cancelled_ends_its_loads_and_can_run_again() {
    let gate = Gate::new();
    let (warm_up, alive) = gated(&gate);
    let ended = async || {
        let waiting = async {
            while Arc::strong_count(&alive) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    };
    {
        let run = warm_up.run(&[]);
        tokio::pin!(run);
        tokio::select! {
            _ = &mut run => panic!("it waits at the gate"),
            () = gate.reached() => {}
        }
    }
    let progress = warm_up.progress();
    assert!(progress.cancelled && !progress.running);
    ended().await;

    warm_up.start(&[]).unwrap();
    gate.reached().await;
    warm_up.cancel();
    assert!(until_ended(&warm_up).await.cancelled);
    ended().await;

    warm_up.start(&[]).unwrap();
    gate.reached().await;
    drop(warm_up);
    ended().await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let ready = |builder| with(builder, "a", vec![], async |_| Ok(()));
    let builder = || WarmUp::builder(&memory());
    for wrong in [ready(ready(builder())), builder().concurrency(0), builder().concurrency(1_025)] {
        assert_eq!(wrong.build().unwrap_err().kind(), ErrorKind::Config);
    }
    let warm_up = ready(builder()).build().unwrap();
    assert_eq!(warm_up.loaders().collect::<Vec<_>>(), ["a"]);
    assert_eq!(warm_up.run(&["b"]).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(!warm_up.progress().running, "a name that is wrong leaves nothing running");
}
