//! Stored names: short enough, never the same for two keys, and distinct from reserved ones.

use proptest::prelude::*;

use super::super::{Key, MAX_STORED_KEY_BYTES, Namespace, StoredKey, Tag};
use super::values::text;

fn namespace() -> Namespace {
    Namespace::new("shop:test").unwrap()
}

fn long_key(length: usize, end: &str) -> Key {
    Key::builder().literal(&"k".repeat(length)).literal(":").part(end).build()
}

proptest! {
    #[test]
    fn a_stored_key_is_short_and_no_two_are_equal(
        one in text(), two in text(), lengths in [440_usize..520, 440..520]
    ) {
        let keys = [long_key(lengths[0], &one), long_key(lengths[1], &two)];
        let stored = keys.clone().map(|key| namespace().key(&key));
        for name in &stored {
            prop_assert!(name.as_str().len() <= MAX_STORED_KEY_BYTES);
            prop_assert!(name.as_str().is_ascii());
        }
        prop_assert_eq!(stored[0] == stored[1], keys[0] == keys[1]);
    }

    #[test]
    fn no_key_has_a_reserved_name(literal in text(), value in text()) {
        let namespace = namespace();
        let key = Key::builder().literal(&literal).part(&value).build();
        let stored = namespace.key(&key);
        prop_assert_eq!(namespace.key_of(stored.as_str()), Some(key.as_str()));
        for reserved in [namespace.counter(&key), namespace.tag(&Tag::from(&key))] {
            prop_assert_eq!(namespace.key_of(reserved.as_str()), None);
        }
    }
}

fn stored_at(length: usize) -> (Key, StoredKey) {
    let key = Key::from("k".repeat(length));
    let stored = namespace().key(&key);
    (key, stored)
}

#[test]
fn a_key_is_cut_only_beyond_the_limit() {
    let room = MAX_STORED_KEY_BYTES - "shop:test:".len();
    let (key, stored) = stored_at(room);
    assert_eq!(stored.as_str(), format!("shop:test:{key}"));
    let (_, cut) = stored_at(room + 1);
    assert_eq!(cut.as_str().len(), MAX_STORED_KEY_BYTES);
    assert!(cut.as_str().starts_with("shop:test:kkkk"));
    assert_eq!(cut.as_str().find('#'), Some(MAX_STORED_KEY_BYTES - 33));
}

#[test]
fn a_cut_name_given_as_a_key_is_another_key() {
    let namespace = namespace();
    let (_, cut) = stored_at(600);
    let name = namespace.key_of(cut.as_str()).unwrap();
    assert_ne!(namespace.key(&Key::from(name)), cut);
}

#[test]
fn counters_and_long_tags_are_cut_too_and_stay_apart() {
    let namespace = namespace();
    let names = [600, 601].map(|length| namespace.counter(&Key::from("k".repeat(length))));
    assert_ne!(names[0], names[1]);
    assert!(names.iter().all(|name| name.as_str().len() <= MAX_STORED_KEY_BYTES));
    let tags = [600, 601].map(|length| namespace.tag(&Tag::from("k".repeat(length))));
    assert_ne!(tags[0], tags[1]);
}

#[test]
fn another_namespaces_name_is_no_key() {
    assert_eq!(namespace().key_of("shop:tests:a"), None);
    assert_eq!(namespace().key_of("shop:test"), None);
    assert_eq!(namespace().key_of("a"), None);
    assert_eq!(namespace().key_of("shop:test:a"), Some("a"));
}

#[test]
fn namespaces_are_checked() {
    let longest = "n".repeat(64);
    for good in ["a", "jollyjet:dev", "A-1_b.c:d", &longest] {
        assert_eq!(Namespace::new(good).unwrap().as_str(), good);
    }
    let too_long = longest + "n";
    for bad in ["", ":", "a:", ":a", "a::b", "a b", "a*", "{a}", "é", "a#", &too_long] {
        let error = Namespace::new(bad).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Config, "{bad}");
    }
}
