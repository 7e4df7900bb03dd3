//! No value leaves its segment.

use proptest::prelude::*;

use super::super::{Key, Tag};
use super::values::{cases, key, text};

/// What no key may hold: globs, hash tags, what reserved names begin with, quotes, spaces, control characters.
fn is_forbidden(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"*?[]\\^{}#\"'`<>$".contains(&byte)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_text_is_one_segment(value in text()) {
        let key = Key::builder().part(&value).build();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte);
        prop_assert!(key.as_str().bytes().all(plain), "{}", key);
    }

    #[test]
    fn no_key_holds_a_forbidden_byte((literals, pairs) in cases()) {
        for (one, two) in &pairs {
            let key = key(&literals, one, two);
            prop_assert!(!key.as_str().bytes().any(is_forbidden), "{}", key);
        }
    }

    #[test]
    fn no_literal_makes_a_forbidden_byte(literal in any::<String>()) {
        let key = Key::from(literal);
        prop_assert!(!key.as_str().bytes().any(is_forbidden), "{}", key);
    }

    #[test]
    fn a_text_is_read_back_from_its_segment(value in any::<String>()) {
        let key = Key::builder().part(&value).build();
        prop_assert_eq!(unescape(key.as_str()), value);
    }

    #[test]
    fn a_tag_is_short_and_no_two_are_equal(one in text(), two in text(), length in 0_usize..200) {
        let long = "x".repeat(length);
        let tag = |text: &str| Tag::from(Key::builder().literal(&long).part(text));
        prop_assert!(tag(&one).as_str().len() <= super::super::MAX_TAG_BYTES);
        prop_assert_eq!(tag(&one) == tag(&two), one == two);
    }
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_value_forges_no_other_key() {
    for value in ["1:details", "1/../2", "a|b:c", "(a,)", "a,b"] {
        let key = Key::builder().literal("product:").part(value).build();
        assert_ne!(key, Key::from(format!("product:{value}")));
    }
    for value in ["1%3Adetails", "*", "[a-z]", "{x}", "a\r\nDEL b", "!", "\0"] {
        let key = Key::builder().literal("product:").part(value).build();
        assert!(key.as_str().starts_with("product:"), "{key}");
        assert!(!key.as_str().bytes().any(is_forbidden), "{key}");
        let none = Key::builder().literal("product:").part(&None::<String>).build();
        assert_ne!(key, none);
    }
}
