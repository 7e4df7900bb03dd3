//! Arbitrary values: a read returns the stored value, to the bit, or the value was not stored.

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

/// Compares to the bit: `Debug` of a float is its shortest form that reads back, so that it distinguishes all but NaNs.
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

#[derive(Debug, Clone, Serialize, Deserialize)]
enum External {
    Unit,
    New(Option<Option<u8>>),
    Tuple(f64, i128),
    Struct { a: Vec<External>, b: Option<()> },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    New(Inner),
    Struct { a: Option<Option<String>>, b: f32 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    New(Option<f64>),
    Struct { a: u128, b: BTreeMap<(u8, bool), String> },
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum MapKey {
    A,
    B(u8),
    C { x: char },
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits),
        1 => proptest::num::f64::ANY,
        1 => proptest::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 1e21, 0.1 + 0.2]),
    ]
}

fn external() -> impl Strategy<Value = External> {
    let leaf = prop_oneof![
        Just(External::Unit),
        option::of(option::of(any::<u8>())).prop_map(External::New),
        (float(), any::<i128>()).prop_map(|(float, number)| External::Tuple(float, number)),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        (vec(inner, 0..4), option::of(Just(()))).prop_map(|(a, b)| External::Struct { a, b })
    })
}

fn internal() -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        inner().prop_map(Internal::New),
        (option::of(option::of(any::<String>())), proptest::num::f32::ANY)
            .prop_map(|(a, b)| Internal::Struct { a, b }),
    ]
}

fn adjacent() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Unit),
        option::of(float()).prop_map(Adjacent::New),
        (any::<u128>(), btree_map(any::<(u8, bool)>(), any::<String>(), 0..3))
            .prop_map(|(a, b)| Adjacent::Struct { a, b }),
    ]
}

fn map_key() -> impl Strategy<Value = MapKey> {
    prop_oneof![Just(MapKey::A), any::<u8>().prop_map(MapKey::B), any::<char>().prop_map(|x| MapKey::C { x }),]
}

survive! {
    floats_survive: (float(), vec(option::of(float()), 0..3), any::<u32>().prop_map(f32::from_bits));
    nested_options_survive: (option::of(option::of(any::<u8>())), option::of(option::of(option::of(Just(())))), option::of(option::of(float())));
    externally_tagged_enums_survive: external();
    internally_tagged_enums_survive: internal();
    adjacently_tagged_enums_survive: adjacent();
    maps_with_odd_keys_survive: (hash_map(map_key(), float(), 0..3), btree_map(option::of(any::<u8>()), any::<(u8, String)>(), 0..3));
}

/// What does not come back is counted.
#[tokio::test]
async fn what_cannot_be_stored_is_counted() {
    let cache = patient("outside:counted", MemoryBackend::new());
    let rejected = cache.stats().total.rejected_values;
    for _ in 0..3 {
        let load =
            || async { Ok::<_, std::io::Error>(BTreeMap::from([((1_u8, 2_u8), Some(Some(f64::NAN)))])) };
        cache.get_or_load("nan", &Policy::new(), load).await.expect("no error");
    }
    let stored = cache.get::<BTreeMap<(u8, u8), Option<Option<f64>>>>("nan").await.expect("a read");
    assert!(
        stored.is_some() || cache.stats().total.rejected_values == rejected + 3,
        "{:?}",
        cache.stats().total
    );
}
