//! Arbitrary values: what comes back is what was stored, to the bit, or nothing was stored.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;

use jollycache::{Cache, MemoryBackend, Policy, Value};
use jollycache_outside::seed;
use proptest::collection::{btree_map, hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde::{Deserialize, Serialize};

use crate::caches::patient;

/// Compares to the bit: `Debug` of a float is its shortest form that reads back, so that it tells all but NaNs apart.
fn same<V: Debug>(one: &V, two: &V) -> bool {
    format!("{one:?}") == format!("{two:?}")
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Pair(u8, Box<Untagged>),
    Nothing,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Inner {
    text: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<i8>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

fn inner() -> impl Strategy<Value = Inner> {
    (any::<String>(), btree_map("[a-z\n ]{0,4}", option::of(any::<i8>()), 0..4))
        .prop_map(|(text, rest)| Inner { text, rest })
}

fn untagged() -> impl Strategy<Value = Untagged> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        any::<String>().prop_map(Untagged::Text),
        Just(Untagged::Nothing),
    ];
    leaf.prop_recursive(3, 4, 1, |inner| {
        (any::<u8>(), inner).prop_map(|(a, b)| Untagged::Pair(a, Box::new(b)))
    })
}

/// Every way to store and to read: none may change the value.
async fn survives<V: Value + Debug + Clone>(cache: &Cache, value: V) -> Result<(), TestCaseError> {
    let policy = Policy::new();
    cache.evict("put").await.expect("an eviction");
    cache.evict("loaded").await.expect("an eviction");
    let stored = cache.put("put", &value, &policy).await.is_ok();
    let read: Option<V> = cache.get("put").await.expect("a read");
    if let Some(read) = &read {
        prop_assert!(same(read, &value), "put {value:?}, got {read:?}");
    }
    prop_assert!(stored || read.is_none(), "an error, and {read:?} is there");

    let load = |cache: &Cache| {
        let (cache, value) = (cache.clone(), value.clone());
        async move {
            cache.get_or_load("loaded", &Policy::new(), || async { Ok::<_, std::io::Error>(value) }).await
        }
    };
    for _ in 0..2 {
        let read = load(cache).await.expect("no error");
        prop_assert!(same(&read, &value), "loaded {value:?}, got {read:?}");
    }
    let many = cache.get_many::<V>(&["put".into(), "loaded".into()]).await.expect("a read");
    for read in many.into_iter().flatten() {
        prop_assert!(same(&read, &value), "put {value:?}, got_many {read:?}");
    }
    Ok(())
}

/// Runs `check` on values of a strategy, in one runtime.
fn all<S: Strategy, F: Future<Output = Result<(), TestCaseError>>>(
    strategy: &S,
    cases: u32,
    check: impl Fn(Cache, S::Value) -> F,
) {
    let config =
        ProptestConfig { rng_seed: RngSeed::Fixed(seed::seed()), cases, ..ProptestConfig::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cache = {
        let _entered = runtime.enter();
        patient("outside:values", MemoryBackend::new())
    };
    let run = TestRunner::new(config).run(strategy, |value| runtime.block_on(check(cache.clone(), value)));
    if let Err(error) = run {
        panic!("{error}");
    }
}

macro_rules! survive {
    ($($name:ident: $strategy:expr;)*) => {$(
        #[test]
        fn $name() {
            all(&$strategy, 400, |cache, value| async move { survives(&cache, value).await });
        }
    )*};
}

survive! {
    wide_numbers_survive: (any::<i128>(), any::<u128>(), any::<u64>(), any::<i64>());
    texts_survive: (any::<String>(), any::<char>(), vec(any::<u8>(), 0..40));
    units_and_empties_survive: (Just(()), vec(Just(()), 0..3), any::<[u8; 0]>(), btree_map(any::<String>(), Just(()), 0..2));
    flattened_structs_survive: inner();
    plain_untagged_enums_survive: untagged();
    results_in_structs_survive: vec(proptest::result::maybe_ok(any::<u8>(), any::<String>()), 0..4);
    maps_with_numbers_as_keys_survive: (btree_map(any::<i64>(), any::<bool>(), 0..4), hash_map(any::<char>(), any::<u8>(), 0..2));
}

/// A value whose JSON is deeper than a reader of JSON goes.
#[test]
fn deep_values_survive_or_are_not_stored() {
    all(&(0_usize..300), 60, |cache, depth| async move {
        let mut value = Chain { next: None };
        for _ in 0..depth {
            value = Chain { next: Some(Box::new(value)) };
        }
        survives(&cache, value).await?;
        let nested = (0..depth).fold("0".to_owned(), |json, _| format!("[{json}]"));
        survives(&cache, nested).await
    });
}

#[tokio::test]
async fn large_values_survive() {
    let cache = patient("outside:values", MemoryBackend::new());
    for length in [1 << 20, (1 << 20) + 1] {
        survives(&cache, "\u{0}é".repeat(length / 3)).await.expect("a value of 1 MiB");
        survives(&cache, vec![7_u8; length]).await.expect("a value of 1 MiB");
    }
}
