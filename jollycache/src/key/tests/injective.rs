//! Different values make different keys, whatever the template.

use std::collections::HashMap;
use std::fmt::Debug;

use proptest::prelude::*;

use super::super::{Key, KeyPart, KeyWriter, Segment};
use super::values::{cases, key};

/// All strings of at most `length` of these characters.
fn strings(alphabet: &str, length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last =
            last.iter().flat_map(|text| alphabet.chars().map(move |next| format!("{text}{next}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

#[track_caller]
fn assert_distinct<V: Debug>(values: impl IntoIterator<Item = V>, key: impl Fn(&V) -> Key) {
    let mut seen: HashMap<Key, V> = HashMap::new();
    for value in values {
        let made = key(&value);
        if let Some(other) = seen.get(&made) {
            panic!("{value:?} and {other:?} are both {made}");
        }
        seen.insert(made, value);
    }
}

fn part(value: &(impl KeyPart + ?Sized)) -> Key {
    Key::builder().literal("x:").part(value).build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn values_of_any_shape_make_different_keys((literals, pairs) in cases()) {
        assert_distinct(pairs, |(one, two)| key(&literals, one, two));
    }

    #[test]
    fn rendered_segments_make_the_same_key((literals, pairs) in cases()) {
        for (one, two) in &pairs {
            let rendered = key(&literals, &Segment::new(one), &Segment::new(two));
            prop_assert_eq!(rendered, key(&literals, one, two));
        }
    }

    #[test]
    fn any_two_texts_make_different_keys(one in any::<String>(), other in any::<String>()) {
        prop_assert_eq!(part(&one) == part(&other), one == other);
    }
}

#[test]
fn two_texts_stay_apart_whatever_is_between_them() {
    let texts = strings("a-:%", 2);
    for between in strings("a-:!~", 2) {
        let pairs = texts.iter().flat_map(|one| texts.iter().map(move |two| (one, two)));
        let literals = ["x:".to_owned(), between, String::new()];
        assert_distinct(pairs, |(one, two)| key(&literals, *one, *two));
    }
}

#[test]
fn two_options_stay_apart_whatever_is_between_them() {
    let mut options: Vec<Option<Option<String>>> = vec![None, Some(None)];
    options.extend(strings("!a", 2).into_iter().map(|text| Some(Some(text))));
    for between in strings("a!~:,", 2) {
        let pairs = options.iter().flat_map(|one| options.iter().map(move |two| (one, two)));
        let literals = ["x:".to_owned(), between, String::new()];
        assert_distinct(pairs, |(one, two)| key(&literals, *one, *two));
    }
}

#[test]
fn hashed_values_stay_apart_from_their_neighbours() {
    let texts = strings("a0", 2);
    let pairs = texts.iter().flat_map(|one| texts.iter().map(move |two| (one, two)));
    assert_distinct(pairs, |(one, two)| Key::builder().hash(*one).part(*two).hash(*one).build());
}

#[test]
fn lists_stay_apart_from_longer_and_empty_ones() {
    let lists: Vec<Vec<&str>> = vec![
        vec![],
        vec![""],
        vec!["", ""],
        vec!["a"],
        vec!["a", ""],
        vec!["", "a"],
        vec!["a,"],
        vec!["a", "b"],
        vec!["a,b"],
        vec!["(a,)"],
        vec![")"],
    ];
    assert_distinct(lists, part);
}

#[test]
fn nested_lists_stay_apart() {
    let lists: Vec<Vec<Vec<&str>>> = vec![
        vec![],
        vec![vec![]],
        vec![vec![], vec![]],
        vec![vec![""]],
        vec![vec!["a"], vec!["b"]],
        vec![vec!["a", "b"]],
        vec![vec![], vec!["a", "b"]],
    ];
    assert_distinct(lists, part);
}

struct Query {
    category: Option<&'static str>,
    page: u32,
    within: Option<Range>,
}

#[derive(Clone, Copy)]
struct Range {
    from: &'static str,
    to: &'static str,
}

impl KeyPart for Query {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.fields([
            ("category", &self.category as &dyn KeyPart),
            ("page", &self.page),
            ("within", &self.within),
        ]);
    }
}

impl KeyPart for Range {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.fields([("from", &self.from as &dyn KeyPart), ("to", &self.to)]);
    }
}

#[test]
fn fields_are_read_off_a_key_and_nested_ones_are_in_parentheses() {
    let mut query = Query { category: Some("tea|page:9"), page: 2, within: None };
    assert_eq!(part(&query).as_str(), "x:category:tea%7Cpage%3A9|page:2|within:!");
    query.category = None;
    query.within = Some(Range { from: "", to: "b)" });
    assert_eq!(part(&query).as_str(), "x:category:!|page:2|within:(from:|to:b%29)");
    let range = Range { from: "a", to: "b" };
    assert_eq!(part(&Some(range)).as_str(), "x:from:a|to:b");
    assert_eq!(part(&[Some(range), None]).as_str(), "x:((from:a|to:b),!,)");
    assert_eq!(part(&(range, 1)).as_str(), "x:((from:a|to:b),1,)");
}
