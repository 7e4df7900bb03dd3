//! Patterns: values in them match themselves only, and the matcher agrees with a plain one.

use proptest::prelude::*;

use super::super::pattern::glob_matches;
use super::super::{Key, Pattern};
use super::values::{cases, key, pattern, text};

/// The definition of a glob, without a thought for speed.
fn matches_by_definition(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skipped| matches_by_definition(rest, &text[skipped..])),
        [b'?', rest @ ..] => !text.is_empty() && matches_by_definition(rest, &text[1..]),
        [byte, rest @ ..] => text.first() == Some(byte) && matches_by_definition(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_matcher_agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
        let expected = matches_by_definition(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(glob_matches(pattern.as_bytes(), text.as_bytes()), expected);
    }

    #[test]
    fn a_pattern_of_values_matches_its_own_key_only((literals, pairs) in cases()) {
        for (one, two) in &pairs {
            let pattern = pattern(&literals, one, two);
            for other in &pairs {
                let matched = pattern.matches(&key(&literals, &other.0, &other.1));
                prop_assert_eq!(matched, (one, two) == (&other.0, &other.1));
            }
        }
    }

    #[test]
    fn a_pattern_under_a_value_matches_only_what_is_under_it(one in text(), other in text(), under in text()) {
        let pattern = Pattern::builder().literal("user:").part(&one).literal(":*");
        let key = Key::builder().literal("user:").part(&other).literal(":").part(&under).build();
        prop_assert_eq!(pattern.matches(&key), one == other);
    }

    #[test]
    fn text_from_an_author_has_no_wildcard_but_two(text in any::<String>()) {
        let pattern = Pattern::from(text);
        let special = pattern.as_str().contains(['[', ']', '\\', '^', '{', '}', '#']);
        prop_assert!(!special, "{}", pattern);
    }
}

#[test]
fn wildcards_match_across_segments() {
    let list = Pattern::from("products:list:*");
    assert!(list.matches(&Key::from("products:list:category:tea|page:1")));
    assert!(list.matches(&Key::from("products:list:")));
    assert!(!list.matches(&Key::from("products:lists")));
    assert!(Pattern::all().matches(&Key::from("")));
    assert!(Pattern::from("a?c").matches(&Key::from("a:c")));
    assert!(!Pattern::from("a?c").matches(&Key::from("ac")));
}

#[test]
fn values_are_joined_in_a_pattern_as_in_a_key() {
    let key = Key::builder().part("a").literal("-").part("b").build();
    assert_eq!(key.as_str(), "a-~b");
    let pattern = Pattern::builder().part("a").literal("-").part("b");
    assert_eq!(pattern.as_str(), "a-~b");
    assert!(Pattern::builder().part("a").literal("*").part("b").matches(&key));
}

#[test]
fn many_stars_on_a_long_text_end_soon() {
    let pattern = "*a".repeat(200);
    let text = "a".repeat(199) + &"b".repeat(10_000);
    assert!(!glob_matches(pattern.as_bytes(), text.as_bytes()));
}
