//! Which changes of a type are seen.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Fingerprint, trace};

/// Two definitions of types of the same names, in a module each; compares the traces of the type `T` of both.
macro_rules! definitions {
    ($test:ident: $same:literal, { $($one:tt)* } { $($other:tt)* }) => {
        #[test]
        #[allow(dead_code, reason = "only the form of these types matters")]
        fn $test() {
            mod one { use super::*; $($one)* }
            mod other { use super::*; $($other)* }
            let traces = [trace::<one::T>(), trace::<other::T>()];
            assert_eq!(traces[0] == traces[1], $same, "{traces:#?}");
        }
    };
}

macro_rules! seen {
    ($($test:ident: { $($one:tt)* } { $($other:tt)* })*) => {
        $(definitions! { $test: false, { $($one)* } { $($other)* } })*
    };
}

macro_rules! same {
    ($($test:ident: { $($one:tt)* } { $($other:tt)* })*) => {
        $(definitions! { $test: true, { $($one)* } { $($other)* } })*
    };
}

seen! {
    an_added_field:
        { #[derive(Deserialize)] pub(super) struct T { a: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u32, b: u32 } }
    an_added_optional_field:
        { #[derive(Deserialize)] pub(super) struct T { a: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u32, b: Option<u32> } }
    an_added_field_with_a_default:
        { #[derive(Deserialize)] pub(super) struct T { a: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u32, #[serde(default)] b: u32 } }
    a_renamed_field:
        { #[derive(Deserialize)] pub(super) struct T { price: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { price_cents: u32 } }
    a_field_renamed_for_serde:
        { #[derive(Deserialize)] pub(super) struct T { is_active: bool } }
        { #[derive(Deserialize)] #[serde(rename_all = "camelCase")] pub(super) struct T { is_active: bool } }
    types_swapped_between_fields:
        { #[derive(Deserialize)] pub(super) struct T { a: u32, b: String } }
        { #[derive(Deserialize)] pub(super) struct T { a: String, b: u32 } }
    a_wider_number:
        { #[derive(Deserialize)] pub(super) struct T { a: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u64 } }
    a_number_that_became_an_option:
        { #[derive(Deserialize)] pub(super) struct T { a: u32 } }
        { #[derive(Deserialize)] pub(super) struct T { a: Option<u32> } }
    an_option_of_another_type:
        { #[derive(Deserialize)] pub(super) struct T { a: Option<u32> } }
        { #[derive(Deserialize)] pub(super) struct T { a: Option<String> } }
    a_list_of_another_type:
        { #[derive(Deserialize)] pub(super) struct T { a: Vec<u32> } }
        { #[derive(Deserialize)] pub(super) struct T { a: Vec<String> } }
    a_map_of_other_keys:
        { #[derive(Deserialize)] pub(super) struct T { a: HashMap<u32, u8> } }
        { #[derive(Deserialize)] pub(super) struct T { a: HashMap<String, u8> } }
    a_map_of_other_values:
        { #[derive(Deserialize)] pub(super) struct T { a: BTreeMap<String, u8> } }
        { #[derive(Deserialize)] pub(super) struct T { a: BTreeMap<String, u16> } }
    a_longer_tuple:
        { #[derive(Deserialize)] pub(super) struct T(u8, u8); }
        { #[derive(Deserialize)] pub(super) struct T(u8, u8, u8); }
    another_nested_struct:
        { #[derive(Deserialize)] pub(super) struct T { a: Vec<Option<Inner>> }
          #[derive(Deserialize)] struct Inner { x: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { a: Vec<Option<Inner>> }
          #[derive(Deserialize)] struct Inner { x: u8, y: u8 } }
    another_generic_argument:
        { #[derive(Deserialize)] pub(super) struct Page<I> { items: Vec<I> }
          #[derive(Deserialize)] pub(super) struct Item { a: u8 } pub(super) type T = Page<Item>; }
        { #[derive(Deserialize)] pub(super) struct Page<I> { items: Vec<I> }
          #[derive(Deserialize)] pub(super) struct Item { b: u8 } pub(super) type T = Page<Item>; }
    an_added_variant:
        { #[derive(Deserialize)] pub(super) enum T { A, B } }
        { #[derive(Deserialize)] pub(super) enum T { A, B, C } }
    a_variant_with_other_data:
        { #[derive(Deserialize)] pub(super) enum T { A, B(u8), C { x: u8 } } }
        { #[derive(Deserialize)] pub(super) enum T { A, B(u8), C { x: u16 } } }
    an_enum_behind_a_variant_of_another:
        { #[derive(Deserialize)] pub(super) enum T { A, B(Inner) }
          #[derive(Deserialize)] enum Inner { X, Y, Z(u8) } }
        { #[derive(Deserialize)] pub(super) enum T { A, B(Inner) }
          #[derive(Deserialize)] enum Inner { X, Y, Z(u16) } }
    a_field_behind_one_that_checks_its_value:
        { #[derive(Deserialize)] pub(super) struct T { n: NonZeroU32, ip: IpAddr, at: SocketAddr, c: char, z: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { n: NonZeroU32, ip: IpAddr, at: SocketAddr, c: char, z: u16 } }
    a_field_behind_an_option_that_takes_no_sample:
        { #[derive(Deserialize)] pub(super) struct T { never: Option<Never>, z: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { never: Option<Never>, z: u16 } }
    a_field_behind_a_list_that_takes_no_sample:
        { #[derive(Deserialize)] pub(super) struct T { never: Vec<Never>, z: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { never: Vec<Never>, z: u16 } }
    another_flattened_struct:
        { #[derive(Deserialize)] pub(super) struct T { a: u8, #[serde(flatten)] rest: Inner }
          #[derive(Deserialize)] struct Inner { x: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u8, #[serde(flatten)] rest: Inner }
          #[derive(Deserialize)] struct Inner { y: u8 } }
    a_flattened_field_of_another_type:
        { #[derive(Deserialize)] pub(super) struct T { a: u8, #[serde(flatten)] rest: Inner }
          #[derive(Deserialize)] struct Inner { x: u8, y: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { a: u8, #[serde(flatten)] rest: Inner }
          #[derive(Deserialize)] struct Inner { x: u8, y: String } }
    another_field_beside_a_flattened_map:
        { #[derive(Deserialize)] pub(super) struct T { a: u8, #[serde(flatten)] rest: HashMap<String, u8> } }
        { #[derive(Deserialize)] pub(super) struct T { b: u8, #[serde(flatten)] rest: HashMap<String, u8> } }
    another_internally_tagged_variant:
        { #[derive(Deserialize)] #[serde(tag = "type")] pub(super) enum T { A { x: u8 }, B { y: u8 } } }
        { #[derive(Deserialize)] #[serde(tag = "type")] pub(super) enum T { A { x: u8 }, B { z: u8 } } }
    an_internally_tagged_variant_s_field_of_another_type:
        { #[derive(Deserialize)] #[serde(tag = "type")] pub(super) enum T { A { x: u8 }, B { y: u8 } } }
        { #[derive(Deserialize)] #[serde(tag = "type")] pub(super) enum T { A { x: u8 }, B { y: String } } }
    another_tag:
        { #[derive(Deserialize)] #[serde(tag = "type")] pub(super) enum T { A { x: u8 } } }
        { #[derive(Deserialize)] #[serde(tag = "kind")] pub(super) enum T { A { x: u8 } } }
    another_adjacently_tagged_variant:
        { #[derive(Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum T { A(u8), B { y: u8 } } }
        { #[derive(Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum T { A(u8), B { z: u8 } } }
    another_form_by_with:
        { #[derive(Deserialize)] pub(super) struct T { #[serde(with = "super::seconds")] a: Duration } }
        { #[derive(Deserialize)] pub(super) struct T { a: Duration } }
    a_hand_written_map_visitor_with_another_field:
        { #[derive(Deserialize)] pub(super) struct T { a: ByMap, z: u8 } }
        { #[derive(Deserialize)] pub(super) struct T { a: ByMap, z: u16 } }
}

same! {
    the_same_definition:
        { #[derive(Deserialize)] pub(super) struct T { a: u32, b: Vec<Inner> }
          #[derive(Deserialize)] pub(super) enum Inner { A, B(u8) } }
        { #[derive(Deserialize)] pub(super) struct T { a: u32, b: Vec<Inner> }
          #[derive(Deserialize)] pub(super) enum Inner { A, B(u8) } }
    a_box_around_a_field:
        { #[derive(Deserialize)] pub(super) struct T { a: String } }
        { #[derive(Deserialize)] pub(super) struct T { a: Box<str> } }
    a_form_by_with_that_is_the_type_s_own:
        { #[derive(Deserialize)] pub(super) struct T { #[serde(with = "super::seconds")] a: Duration } }
        { #[derive(Deserialize)] pub(super) struct T { a: u64 } }
}

/// Takes no value at all.
struct Never;

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?;
        Err(Error::custom("never"))
    }
}

mod seconds {
    use super::{Deserialize, Deserializer, Duration};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// Asks for a struct and takes a map only.
struct ByMap;

impl<'de> Deserialize<'de> for ByMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap;
        impl<'de> Visitor<'de> for OnlyMap {
            type Value = ByMap;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByMap, A::Error> {
                while map.next_entry::<String, IgnoredAny>()?.is_some() {}
                Ok(ByMap)
            }
        }
        deserializer.deserialize_struct("ByMap", &["one", "two"], OnlyMap)
    }
}

#[test]
fn a_trace_names_what_it_saw() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only the form matters")]
    struct Product {
        id: String,
        stock: Option<u32>,
    }
    assert_eq!(trace::<Product>(), "struct (\"Product\", [\"id\", \"stock\"]) fields text option u32 ; ; \n");
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "only the form matters")]
struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    children: Vec<Tree>,
    named: HashMap<String, Tree>,
    last: u8,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "only the form matters")]
enum List {
    Cons(u8, Box<List>),
    Nil,
}

/// There is no value of this type.
#[derive(Deserialize)]
#[allow(dead_code, reason = "only the form matters")]
struct Endless {
    next: Box<Endless>,
}

struct Panics;

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        assert!(text.is_empty(), "a sample that this type does not expect");
        Err(Error::custom("empty"))
    }
}

fn is_stable<T: DeserializeOwned>() {
    let first = trace::<T>();
    assert_eq!(first, trace::<T>());
    assert_eq!(Fingerprint::of::<T>(), Fingerprint::of::<T>());
    assert_eq!(Fingerprint::of::<T>(), super::compute::<T>());
}

#[test]
fn recursive_types_end() {
    assert!(trace::<Tree>().ends_with("u8 ; \n"), "{}", trace::<Tree>());
    is_stable::<Tree>();
    is_stable::<List>();
    is_stable::<Endless>();
    assert!(trace::<List>().contains("unit variant"), "{}", trace::<List>());
}

type Deep<T> = Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<T>>>>>>>>;

#[test]
fn large_arrays_and_deep_nests_end() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only the form matters")]
    struct Wide([[u8; 32]; 32], [[[u8; 32]; 32]; 32], [[[u8; 32]; 32]; 32]);
    is_stable::<Wide>();
    assert!(trace::<Wide>().len() < 1_000_000);
    is_stable::<Deep<Deep<Deep<Deep<Deep<Deep<Deep<u8>>>>>>>>();
}

#[test]
fn a_struct_is_not_read_again_as_a_map_for_the_sake_of_a_field() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only the form matters")]
    struct Outer {
        first: u8,
        never: (Never,),
    }
    let text = trace::<Outer>();
    assert!(!text.contains("key"), "{text}");
}

#[test]
fn types_that_reject_or_panic_do_not_fail_the_caller() {
    is_stable::<Never>();
    is_stable::<Vec<Never>>();
    is_stable::<Panics>();
}

#[test]
fn common_types_are_traced_to_their_end() {
    macro_rules! whole {
        ($($type:ty),* $(,)?) => {$(
            let text = trace::<($type, u8)>();
            assert!(text.trim_end_matches(['\n', ' ', ';']).ends_with("u8"), "{}: {text}", stringify!($type));
        )*};
    }
    whole!(
        bool, i8, u128, i128, f32, f64, char, String, Box<str>, Cow<'static, str>, (), (u8, String), [u16; 4],
        Option<u8>, Vec<String>, VecDeque<u8>, HashSet<String>, BTreeMap<u8, String>, Duration, SystemTime, IpAddr,
        std::net::Ipv6Addr, SocketAddr, std::path::PathBuf, NonZeroU32, std::ops::Range<u8>, Result<u8, String>,
        serde_json::Value, std::cmp::Reverse<u8>,
    );
}

#[test]
fn types_of_one_form_and_two_names_differ() {
    #[derive(Deserialize)]
    struct Cents(#[allow(dead_code, reason = "only the form matters")] u32);
    #[derive(Deserialize)]
    struct Items(#[allow(dead_code, reason = "only the form matters")] u32);
    assert_ne!(Fingerprint::of::<Cents>(), Fingerprint::of::<Items>());
    assert_ne!(Fingerprint::of::<u32>(), Fingerprint::of::<i32>());
    assert_ne!(Fingerprint::of::<Vec<u32>>(), Fingerprint::of::<Option<u32>>());
}

#[test]
fn the_fingerprint_of_a_known_type_is_the_same_in_each_build() {
    // Entries outlive a process: a change of this value empties every cache at the next deployment.
    assert_eq!(Fingerprint::of::<Option<(u32, String)>>(), Fingerprint(8_479_635_955_170_680_510));
}
