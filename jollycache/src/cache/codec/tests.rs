//! For arbitrary values: what is put comes back from the cache bit for bit, or it is not stored and that is counted.

#![allow(clippy::option_option, clippy::zero_sized_map_values, reason = "what a format may not keep")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use proptest::collection::{btree_map, hash_map, hash_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::digest;
use crate::backend::MemoryBackend;
use crate::{Cache, ErrorKind, Policy, Value};

/// Numbers with all bits: NaN of any kind, infinities, -0.0, subnormals, and the common ones.
fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |float| float.is_finite()),
        2 => -1e6..1e6,
        1 => prop_oneof![Just(-0.0), Just(f64::MIN_POSITIVE / 3.0), Just(f64::MAX)],
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ]
}

/// Bytes, and not a list of numbers.
#[derive(Clone, Debug)]
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Raw)
    }
}

/// Shown in order, so that two of the same content are shown alike.
#[derive(Clone, Serialize, Deserialize)]
struct Hashed(HashMap<String, HashSet<i16>>);

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = |set: &HashSet<i16>| set.iter().copied().collect::<BTreeSet<_>>();
        f.debug_map()
            .entries(self.0.iter().map(|(key, set)| (key, sorted(set))).collect::<BTreeMap<_, _>>())
            .finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Unit {
    One,
    Other,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Variant {
    Unit,
    New(f64),
    Tuple(u8, Option<Option<u8>>),
    Struct { float: f32, none: Option<()> },
    Deep(Box<Variant>),
    List(Vec<Variant>),
}

/// Where the first that fits is taken, a value may come back as another variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Nothing(()),
    Pair(Option<u8>, String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Empty,
    Float { float: f64 },
    Wide { wide: i128 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Keys {
    texts: BTreeMap<String, Option<f64>>,
    numbers: BTreeMap<i64, ()>,
    wide: BTreeMap<u128, u8>,
    truths: BTreeMap<bool, u8>,
    characters: BTreeMap<char, u8>,
    variants: BTreeMap<Unit, u8>,
    options: BTreeMap<Option<u8>, u8>,
    tuples: BTreeMap<(u8, u8), u8>,
    units: BTreeMap<(), u8>,
}

fn variant() -> impl Strategy<Value = Variant> {
    let leaf = prop_oneof![
        Just(Variant::Unit),
        float().prop_map(Variant::New),
        any::<(u8, Option<Option<u8>>)>().prop_map(|(number, nested)| Variant::Tuple(number, nested)),
        (any::<f32>(), option::weighted(0.2, Just(())))
            .prop_map(|(float, none)| Variant::Struct { float, none }),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Variant::Deep(Box::new(inner))),
            vec(inner, 0..6).prop_map(Variant::List),
        ]
    })
}

fn untagged() -> impl Strategy<Value = Untagged> {
    prop_oneof![
        any::<i64>().prop_map(Untagged::Signed),
        any::<u64>().prop_map(Untagged::Unsigned),
        float().prop_map(Untagged::Float),
        any::<String>().prop_map(Untagged::Text),
        Just(Untagged::Nothing(())),
        any::<(Option<u8>, String)>().prop_map(|(number, text)| Untagged::Pair(number, text)),
    ]
}

fn tagged() -> impl Strategy<Value = Tagged> {
    prop_oneof![
        Just(Tagged::Empty),
        float().prop_map(|float| Tagged::Float { float }),
        any::<i128>().prop_map(|wide| Tagged::Wide { wide }),
    ]
}

/// Often empty, so that one kind of key does not refuse all values.
fn keys() -> impl Strategy<Value = Keys> {
    (
        btree_map(any::<String>(), option::of(float()), 0..3),
        btree_map(any::<i64>(), Just(()), 0..3),
        btree_map(any::<u128>(), any::<u8>(), 0..3),
        btree_map(any::<bool>(), any::<u8>(), 0..3),
        btree_map(any::<char>(), any::<u8>(), 0..3),
        btree_map(prop_oneof![Just(Unit::One), Just(Unit::Other)], any::<u8>(), 0..3),
        prop_oneof![9 => Just(BTreeMap::new()), 1 => btree_map(any::<Option<u8>>(), any::<u8>(), 0..2)],
        prop_oneof![9 => Just(BTreeMap::new()), 1 => btree_map(any::<(u8, u8)>(), any::<u8>(), 0..2)],
        prop_oneof![9 => Just(BTreeMap::new()), 1 => btree_map(Just(()), any::<u8>(), 0..2)],
    )
        .prop_map(|(texts, numbers, wide, truths, characters, variants, options, tuples, units)| Keys {
            texts,
            numbers,
            wide,
            truths,
            characters,
            variants,
            options,
            tuples,
            units,
        })
}

/// Puts the value, and checks what comes back. Returns whether it was stored.
fn put<V: Value + fmt::Debug>(value: &V) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let cache = Cache::builder().namespace("test").backend(MemoryBackend::new()).build().unwrap();
        let put = cache.put("key", value, &Policy::new()).await;
        let back = cache.get::<V>("key").await.unwrap();
        let total = cache.stats().total;
        match &put {
            Ok(()) => {
                // The shortest text that stands for a float is another one for each; NaN does not come here.
                assert_eq!(format!("{:?}", back.as_ref()), format!("{:?}", Some(value)));
                assert!(!format!("{value:?}").contains("NaN"));
                assert_eq!((total.rejected_values, total.lossy_values), (0, 0));
            }
            Err(error) => {
                assert!(back.is_none());
                let counted = match error.kind() {
                    ErrorKind::Lossy => (0, 1),
                    ErrorKind::Encode => (1, 0),
                    kind => panic!("{kind:?}"),
                };
                assert_eq!((total.rejected_values, total.lossy_values), counted);
            }
        }
        put.is_ok()
    })
}

proptest! {
    #[test]
    fn floats(float in float(), single: f32) {
        prop_assert_eq!(put(&float), float.is_finite());
        prop_assert_eq!(put(&single), single.is_finite());
    }

    #[test]
    fn integers(narrow: (i8, u16, i64, u64), wide: (i128, u128)) {
        prop_assert!(put(&narrow) && put(&wide));
    }

    #[test]
    fn options(shallow: Option<u8>, deep: Option<Option<Option<u8>>>, list: Vec<Option<Option<bool>>>) {
        prop_assert!(put(&shallow));
        prop_assert_eq!(put(&deep), !matches!(deep, Some(None | Some(None))));
        prop_assert_eq!(put(&list), !list.contains(&Some(None)));
    }

    #[test]
    fn texts_and_bytes(text: String, character: char, raw: Vec<u8>) {
        prop_assert!(put(&text) && put(&character) && put(&raw) && put(&Raw(raw)));
    }

    #[test]
    fn what_is_hashed(map in hash_map(any::<String>(), hash_set(any::<i16>(), 0..20), 0..10)) {
        prop_assert!(put(&Hashed(map)));
    }

    #[test]
    fn maps_of_all_keys(keys in keys()) {
        let foreign = !(keys.tuples.is_empty() && keys.units.is_empty() && keys.options.is_empty());
        let floats = keys.texts.values().flatten().all(|float| float.is_finite());
        prop_assert!(put(&keys) || foreign || !floats);
    }

    #[test]
    fn enums(variant in variant(), untagged in untagged(), tagged in tagged()) {
        put(&variant);
        put(&untagged);
        put(&tagged);
    }

    #[test]
    fn all_of_it(lists: (Vec<()>, [Option<()>; 2]), parts in (vec((variant(), tagged()), 0..4), keys())) {
        put(&(lists, parts));
    }
}

#[test]
fn depth_that_does_not_decode_is_refused() {
    let nested = |depth| (0..depth).fold(Variant::Unit, |inner, _| Variant::Deep(Box::new(inner)));
    assert!(put(&nested(50)));
    assert!(!put(&nested(500)));
}

#[test]
fn what_common_types_hold_is_stored() {
    assert!(put(&()) && put(&Some(7)) && put(&None::<u8>) && put(&(Vec::<u8>::new(), String::new())));
    assert!(put(&serde_json::json!({ "a": [1, -1, 1.5, null, u64::MAX], "b": {} })));
    assert!(put(&BTreeMap::from([(Unit::One, 1), (Unit::Other, 2)])));
    assert!(
        put(&std::time::Duration::from_nanos(1)) && put(&"127.0.0.1".parse::<std::net::IpAddr>().unwrap())
    );
}

fn differ<A: Serialize, B: Serialize>(one: &A, other: &B) {
    assert_ne!(digest(one, true), digest(other, true));
}

#[test]
fn a_digest_distinguishes_what_a_format_may_not() {
    differ(&Some(None::<u8>), &None::<Option<u8>>);
    differ(&None::<u8>, &());
    differ(&Some(1), &1);
    differ(&0.0, &-0.0);
    differ(&f64::NAN, &None::<f64>);
    differ(&1_u8, &1_i8);
    differ(&1.0_f32, &1.0_f64);
    differ(&"1", &1);
    differ(&'1', &"1");
    differ(&[1, 2], &[2, 1]);
    differ(&vec![1, 1], &vec![1]);
    differ(&vec![1, 2], &vec![3]);
    differ(&vec![vec![1], vec![]], &vec![vec![], Vec::<u8>::new()]);
    differ(&vec![vec![1, 2], vec![3]], &vec![vec![1], vec![2, 3]]);
    differ(&BTreeMap::from([(1, 2), (3, 4)]), &BTreeMap::from([(1, 4), (3, 2)]));
    differ(&Vec::<u8>::new(), &BTreeMap::<u8, u8>::new());
    differ(&Variant::Unit, &"Unit");
    differ(&i128::MAX, &(i128::MAX - 1));
    differ(&u128::MAX, &u128::from(u64::MAX));
}

#[test]
fn the_order_of_what_is_hashed_does_not_count() {
    let numbers = || 0..1000_u32;
    let (one, other): (HashSet<_>, HashSet<_>) = (numbers().collect(), numbers().rev().collect());
    assert_eq!(digest(&one, true), digest(&other, true));
    let (one, other): (HashMap<_, _>, HashMap<_, _>) =
        (numbers().map(|n| (n, n + 1)).collect(), numbers().rev().map(|n| (n, n + 1)).collect());
    assert_eq!(digest(&one, true), digest(&other, true));
}
