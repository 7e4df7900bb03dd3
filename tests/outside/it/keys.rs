//! Hostile keys and tags: no value reaches another's entry, and every tag of an entry evicts it.

use std::collections::{HashMap, HashSet};

use jollycache::{Cache, Key, KeyPart, MemoryBackend, Policy, RedisBackend, Tag};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use proptest::collection::vec;
use proptest::prelude::*;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::caches::patient;

/// Characters that mean something to keys, globs, Redis, logs or people.
const HOSTILE: &[char] = &[
    'a', 'B', ':', '/', '|', ',', '~', '*', '?', '[', ']', '{', '}', '(', ')', '!', '%', '#', '\\', '\n',
    '\r', '\0', ' ', 'é', '🫖', '\u{202e}',
];

fn hostile() -> impl Strategy<Value = String> {
    let characters = prop_oneof![3 => proptest::sample::select(HOSTILE), 1 => any::<char>()];
    vec(characters, 0..8).prop_map(|characters| characters.into_iter().collect())
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, KeyPart)]
struct Query {
    category: Option<String>,
    page: u8,
    tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, KeyPart)]
enum Shape {
    Empty,
    One(String),
    Two(String, String),
    Named { one: String, two: Option<Box<Shape>> },
    Many(Vec<Query>),
    Pair((Option<Option<String>>, bool)),
}

fn query() -> impl Strategy<Value = Query> {
    (proptest::option::of(hostile()), any::<u8>(), vec(hostile(), 0..3))
        .prop_map(|(category, page, tags)| Query { category, page, tags })
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Empty),
        hostile().prop_map(Shape::One),
        (hostile(), hostile()).prop_map(|(one, two)| Shape::Two(one, two)),
        vec(query(), 0..3).prop_map(Shape::Many),
        (proptest::option::of(proptest::option::of(hostile())), any::<bool>()).prop_map(Shape::Pair),
    ];
    leaf.prop_recursive(3, 8, 1, |inner| {
        (hostile(), proptest::option::of(inner))
            .prop_map(|(one, two)| Shape::Named { one, two: two.map(Box::new) })
    })
}

fn key_of<P: KeyPart>(parts: &[P], between: &str) -> Key {
    parts.iter().fold(Key::builder().literal("k"), |key, part| key.literal(between).part(part)).build()
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(seed::seed()), cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn texts_that_differ_make_keys_that_differ(one in vec(hostile(), 2), two in vec(hostile(), 2), between in "[:/,-]?") {
        prop_assert_eq!(key_of(&one, &between) == key_of(&two, &between), one == two);
    }

    #[test]
    fn derived_values_that_differ_make_keys_that_differ(one in vec(shape(), 2), two in vec(shape(), 2), between in "[:x]?") {
        prop_assert_eq!(key_of(&one, &between) == key_of(&two, &between), one == two);
    }

    #[test]
    fn a_segment_comes_back_as_its_text(text in hostile()) {
        let key = Key::builder().literal("a:").part(&text).literal(":z").build();
        prop_assert_eq!(key.segments().collect::<Vec<_>>(), ["a", &text, "z"]);
        prop_assert!(key.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
    }
}

/// Texts that have broken other caches, and long ones that differ in one byte only.
fn odd_texts(rng: &mut StdRng) -> Vec<String> {
    let mut texts: HashSet<String> = [
        "",
        " ",
        "*",
        "?",
        "{}",
        "{a}",
        "a\nb",
        "a\r\nDEL b",
        "\0",
        "!",
        "%",
        "%25",
        "#",
        "#tag:t",
        "é",
        "e\u{301}",
        "a:b",
        "a/b",
        "~",
        "-",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    for index in [0, 5_000, 9_999] {
        let mut long = "x".repeat(10_000);
        long.replace_range(index..=index, "y");
        texts.insert(long);
    }
    for _ in 0..200 {
        let length = rng.random_range(0..6);
        texts.insert((0..length).map(|_| HOSTILE[rng.random_range(0..HOSTILE.len())]).collect());
    }
    let mut texts: Vec<String> = texts.into_iter().collect();
    texts.sort();
    texts
}

async fn odd_keys_hold_each_its_own(cache: &Cache, mut rng: StdRng) {
    let texts = odd_texts(&mut rng);
    let key = |text: &String| Key::builder().literal("odd:").part(text).build();
    let tag = |text: &String| Tag::from(Key::builder().literal("odd:").part(text));
    let mut model: HashMap<&String, usize> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        cache.put(key(text), &index, &Policy::new().tag(tag(text))).await.expect("a put");
        model.insert(text, index);
    }
    for round in 0..texts.len() {
        let text = &texts[rng.random_range(0..texts.len())];
        if round % 2 == 0 {
            cache.evict(key(text)).await.expect("an eviction");
        } else {
            cache.evict_tags([tag(text)]).await.expect("an eviction");
        }
        model.remove(text);
    }
    let keys: Vec<Key> = texts.iter().map(key).collect();
    let held: Vec<Option<usize>> = cache.get_many(&keys).await.expect("a read");
    for (text, held) in texts.iter().zip(held) {
        assert_eq!(held, model.get(text).copied(), "{text:?}");
        assert_eq!(cache.get::<usize>(key(text)).await.expect("a read"), held, "{text:?}");
    }
    let raw = Policy::new();
    for (index, text) in texts.iter().enumerate() {
        // Literal text is the author's own: it may be another's key, and must be written and read alike.
        cache.put(text.as_str(), &index, &raw).await.expect("a put");
        assert_eq!(cache.get::<usize>(text.as_str()).await.expect("a read"), Some(index), "{text:?}");
    }
}

/// An entry with `count` tags is served until the one at `evicted` is evicted.
async fn each_tag_counts(cache: &Cache, count: usize, evicted: usize) {
    let tag = |index: usize| format!("t:{count}:{evicted}:{index}");
    let policy = (0..count).fold(Policy::new(), |policy, index| policy.tag(tag(index)));
    let key = format!("tagged:{count}:{evicted}");
    let load = |value: usize| {
        let (key, policy) = (key.clone(), &policy);
        async move {
            cache
                .get_or_load(key, policy, || async move { Ok::<_, std::io::Error>(value) })
                .await
                .expect("no error")
        }
    };
    assert_eq!(load(1).await, 1);
    let stored = load(2).await == 1;
    assert!(stored || count > 64, "{count} tags are not stored");
    cache.evict_tags([tag(count + 1)]).await.expect("an eviction");
    if count > 0 {
        cache.evict_tags([tag(evicted)]).await.expect("an eviction");
        assert_eq!(
            load(3).await,
            3,
            "an entry of {count} tags is served after the eviction of number {evicted}"
        );
    }
}

async fn tags(cache: &Cache) {
    for (count, evicted) in [(0, 0), (1, 0), (2, 1), (63, 62), (64, 0), (64, 63)] {
        each_tag_counts(cache, count, evicted).await;
    }
}

#[tokio::test]
async fn odd_keys_and_tags_in_memory() {
    let cache = patient("outside:keys", MemoryBackend::new());
    odd_keys_hold_each_its_own(&cache, seed::rng("odd_keys_in_memory")).await;
    tags(&cache).await;
}

#[tokio::test]
async fn odd_keys_and_tags_on_redis() {
    let Some(server) = RedisServer::start() else { return };
    let cache = patient("outside:keys", RedisBackend::builder(server.url()).build().expect("a backend"));
    odd_keys_hold_each_its_own(&cache, seed::rng("odd_keys_on_redis")).await;
    tags(&cache).await;
}

/// Where more tags than an entry can carry are asked for, nothing is stored that an eviction could miss.
async fn too_many_tags(cache: &Cache) {
    for (count, evicted) in [(65, 0), (65, 64), (300, 0), (300, 70), (300, 299)] {
        each_tag_counts(cache, count, evicted).await;
        let policy = (0..count).fold(Policy::new(), |policy, index| policy.tag(format!("p:{index}")));
        let key = format!("put:{count}:{evicted}");
        if cache.put(key.as_str(), &1, &policy).await.is_ok() {
            cache.evict_tags([format!("p:{evicted}")]).await.expect("an eviction");
            assert_eq!(cache.get::<i32>(key).await.expect("a read"), None, "{count} tags, number {evicted}");
        }
    }
}

#[tokio::test]
async fn too_many_tags_in_memory() {
    too_many_tags(&patient("outside:many", MemoryBackend::new())).await;
}

#[tokio::test]
async fn too_many_tags_on_redis() {
    let Some(server) = RedisServer::start() else { return };
    too_many_tags(&patient("outside:many", RedisBackend::builder(server.url()).build().expect("a backend")))
        .await;
}
