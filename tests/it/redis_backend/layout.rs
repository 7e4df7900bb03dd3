//! The scripts and `entry/record.rs` agree on every byte.

use std::time::Duration;

use bytes::Bytes;
use jollycache::RedisBackend;
use jollycache::backend::{
    Backend, Draft, Entry, Keyspace, Lease, Lifetimes, LockAnswer, Locks, Record, TagStamp, Token, Version,
    WriteEnd, decode_record, encode_entry,
};
use jollycache::key::StoredKey;
use jollycache_tests::RedisServer;

use super::{LONG, REGION, Store as _, draft, key, leased, request, stale_draft, with};

struct Looker {
    client: redis::Connection,
}

impl Looker {
    fn raw(&mut self, key: &StoredKey) -> Vec<u8> {
        redis::cmd("GET").arg(key.as_str()).query(&mut self.client).unwrap()
    }

    fn remaining_ms(&mut self, key: &StoredKey) -> u64 {
        let remaining: i64 = redis::cmd("PTTL").arg(key.as_str()).query(&mut self.client).unwrap();
        u64::try_from(remaining).expect("a key that expires")
    }

    fn server_ms(&mut self) -> u64 {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME").query(&mut self.client).unwrap();
        seconds * 1000 + micros / 1000
    }
}

async fn setup() -> Option<(RedisServer, RedisBackend, Looker)> {
    let server = RedisServer::start()?;
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let looker = Looker { client: server.client() };
    Some((server, backend, looker))
}

/// A number of whatever length.
fn millis(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn tagged_draft() -> Draft {
    let tags = ["products", "category:7", ""].map(|name| TagStamp { name: name.into(), id: Token::random() });
    with(draft("payload"), |draft| {
        draft.tags = tags.into();
        (draft.ttl, draft.stale) = (Duration::from_mins(1), Duration::from_secs(30));
    })
}

/// The stored bytes are the draft's, but for the stamped times.
fn assert_stamped(raw: &[u8], draft: &Draft, before: u64, after: u64) {
    let encoded = encode_entry(draft).unwrap();
    assert_eq!(raw[..6], encoded[..6], "magic, kind, region");
    assert_ne!(raw[6..10], [0; 4], "the run");
    assert_eq!(raw[22..], encoded[22..], "flags and all that follows");
    let (created, fresh_until) = (millis(&raw[10..16]), millis(&raw[16..22]));
    assert!((before..=after).contains(&created), "{created} is not the server's time");
    assert_eq!(fresh_until - created, u64::try_from(draft.ttl.as_millis()).unwrap());
}

#[tokio::test]
async fn fill_store_and_put_write_the_same_record() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, draft) = (key("a"), tagged_draft());
    for way in ["store", "fill", "put"] {
        backend.delete_raw(std::slice::from_ref(&key)).await.unwrap();
        let before = looker.server_ms();
        let stored = match way {
            "store" => backend.store(&key, &draft).await.unwrap(),
            "fill" => {
                let token = leased(&backend, &key).await;
                backend.fill(&key, token, &draft, &[]).await.unwrap().stored
            }
            _ => {
                let token = Token::random();
                backend.begin_write(&key, REGION, token, LONG).await.unwrap();
                backend.end_write(&key, token, WriteEnd::Put(&draft)).await.unwrap()
            }
        };
        assert!(stored, "{way}");
        let (raw, after) = (looker.raw(&key), looker.server_ms());
        assert_stamped(&raw, &draft, before, after);
        let created = millis(&raw[10..16]);
        let expected = Entry::from_draft(&draft, created);
        assert_eq!(decode_record(Bytes::from(raw)), Record::Value(expected), "{way}");
        let remaining = looker.remaining_ms(&key);
        assert!((80_000..=90_000).contains(&remaining), "{way}: ttl and stale window, {remaining} ms");
    }
}

#[tokio::test]
async fn a_lease_is_a_short_record_that_ends_with_it() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, token) = (key("a"), Token::random());
    let before = looker.server_ms();
    let request = with(request(&key, token), |request| request.ttl = Duration::from_secs(20));
    backend.lease(request).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());
    assert_eq!(raw.len(), 46);
    assert_eq!(raw[..6], [0xCB, b'L', 1, 2, 3, 4]);
    assert!((before + 20_000..=after + 20_000).contains(&millis(&raw[10..16])));
    assert_eq!(raw[16..32], token.0);
    assert_eq!(raw[32..], [0; 14], "no floor, no grace");
    assert_eq!(decode_record(Bytes::from(raw)), Record::Reserved);
    let remaining = looker.remaining_ms(&key);
    assert!((15_000..=20_000).contains(&remaining), "{remaining} ms");
}

#[tokio::test]
async fn a_lease_over_a_stale_value_is_a_trailer_and_a_flag() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, token) = (key("a"), Token::random());
    let none = with(stale_draft(""), |draft| (draft.tags, draft.none) = (tagged_draft().tags, true));
    backend.store(&key, &none).await.unwrap();
    let bare = looker.raw(&key);
    let before = looker.server_ms();
    let lease = backend.lease(request(&key, token)).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());

    assert_eq!(raw.len(), bare.len() + 26);
    assert_eq!(raw[22], 3, "stands for none, and is leased");
    assert_eq!((&raw[..22], &raw[23..bare.len()]), (&bare[..22], &bare[23..]));
    let until = millis(&raw[bare.len()..bare.len() + 6]);
    assert!((before + 600_000..=after + 600_000).contains(&until));
    assert_eq!(raw[bare.len() + 6..bare.len() + 10], raw[6..10], "the run");
    assert_eq!(raw[bare.len() + 10..], token.0);
    let Record::Value(entry) = decode_record(Bytes::from(raw)) else { panic!("not a value") };
    assert_eq!(decode_record(Bytes::from(bare.clone())), Record::Value(entry.clone()));
    assert_eq!(lease, Lease::Leased { stale: Some(entry) });

    assert!(backend.release(&key, token).await.unwrap());
    assert_eq!(looker.raw(&key), bare, "a release strips both");
    assert!(looker.remaining_ms(&key) > 500_000, "the lifetime stays");
}

#[tokio::test]
async fn a_lease_over_an_ended_one_takes_its_place() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, token) = (key("a"), Token::random());
    backend.store(&key, &stale_draft("v")).await.unwrap();
    let bare = looker.raw(&key).len();
    backend
        .lease(with(request(&key, Token::random()), |request| request.ttl = Duration::ZERO))
        .await
        .unwrap();
    super::until_ok("the first lease ends", async || match backend.lease(request(&key, token)).await? {
        Lease::Leased { .. } => Ok(()),
        _ => Err(jollycache::Error::new(jollycache::ErrorKind::Backend, "leased")),
    })
    .await;
    let raw = looker.raw(&key);
    assert_eq!(raw.len(), bare + 26, "one trailer");
    assert_eq!(raw[raw.len() - 16..], token.0);
    assert!(backend.fill(&key, token, &draft("new"), &[]).await.unwrap().stored);
}

#[tokio::test]
async fn an_intent_is_a_short_record_that_names_its_writers() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, first, second) = (key("a"), Token::random(), Token::random());
    let before = looker.server_ms();
    backend.begin_write(&key, REGION, first, Duration::from_secs(20)).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!(raw.len(), 53);
    assert_eq!(raw[..6], [0xCB, b'I', 1, 2, 3, 4]);
    assert_eq!(raw[16..24], [0; 8], "no floor");
    assert!((before..=looker.server_ms()).contains(&millis(&raw[24..30])), "no grace");
    assert_eq!(raw[30], 0, "no poison");
    assert_eq!(raw[37..], first.0);
    assert_eq!(decode_record(Bytes::from(raw)), Record::Reserved);

    backend.begin_write(&key, REGION, second, Duration::from_secs(5)).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[30]), (75, 1), "two writers, poisoned");
    assert_eq!(raw[59..], second.0);
    let remaining = looker.remaining_ms(&key);
    assert!((15_000..=20_000).contains(&remaining), "the later end counts: {remaining} ms");

    backend.end_write(&key, first, WriteEnd::Evict { grace: Duration::ZERO }).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[30]), (53, 1), "one writer left, still poisoned");
    assert_eq!(raw[37..], second.0);
    assert!(looker.remaining_ms(&key) <= 5_000, "it lives as long as the writer that is left");
}

#[tokio::test]
async fn expire_moves_fresh_until_and_nothing_else() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let key = key("a");
    backend.store(&key, &tagged_draft()).await.unwrap();
    let old = looker.raw(&key);
    let before = looker.server_ms();
    backend.expire(&key, Duration::from_secs(7)).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());
    assert_eq!((&raw[..16], &raw[22..]), (&old[..16], &old[22..]));
    assert!((before + 7000..=after + 7000).contains(&millis(&raw[16..22])));
    assert!(looker.remaining_ms(&key) <= 7000);
}

const VERSION: Version = Version(0x8182_8384_8586_8788);

fn versioned_draft() -> Draft {
    with(stale_draft("payload"), |draft| draft.version = Some(VERSION))
}

#[tokio::test]
async fn a_version_stands_at_the_end_before_the_lease() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, token) = (key("a"), Token::random());
    backend.store(&key, &versioned_draft()).await.unwrap();
    let bare = looker.raw(&key);
    assert_eq!(bare[22], 4, "versioned");
    assert_eq!(bare[bare.len() - 15..], [b"payload", &VERSION.0.to_be_bytes()[..]].concat());

    backend.lease(request(&key, token)).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!(raw[22], 6, "versioned and leased");
    assert_eq!(raw[bare.len() - 8..bare.len()], VERSION.0.to_be_bytes());
    assert_eq!((raw.len(), &raw[raw.len() - 16..]), (bare.len() + 26, &token.0[..]));
    backend.release(&key, token).await.unwrap();
    assert_eq!(looker.raw(&key), bare);
}

#[tokio::test]
async fn what_was_evicted_leaves_its_version_for_a_minute() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (key, floor) = (key("a"), VERSION.0.to_be_bytes());
    backend.store(&key, &versioned_draft()).await.unwrap();
    let before = looker.server_ms();
    backend.invalidate(std::slice::from_ref(&key), &[], Duration::from_secs(20)).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());
    assert_eq!(raw.len(), 30);
    assert_eq!(raw[..6], [0xCB, b'E', 1, 2, 3, 4]);
    assert!((before + 60_000..=after + 60_000).contains(&millis(&raw[10..16])));
    assert!((before + 20_000..=after + 20_000).contains(&millis(&raw[16..22])), "the grace");
    assert_eq!(raw[22..], floor);
    assert_eq!(decode_record(Bytes::from(raw.clone())), Record::Reserved);
    assert!((55_000..=60_000).contains(&looker.remaining_ms(&key)));

    let writer = Token::random();
    backend.begin_write(&key, REGION, writer, Duration::from_secs(5)).await.unwrap();
    let intent = looker.raw(&key);
    assert_eq!((&intent[16..24], &intent[24..30]), (&floor[..], &raw[16..22]), "the floor and the grace");
    let remaining = looker.remaining_ms(&key);
    assert!((60_000..=65_000).contains(&remaining), "a minute more than the writer: {remaining} ms");
}

#[tokio::test]
async fn a_lease_with_a_floor_outlives_its_end() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let key = key("a");
    backend.store(&key, &versioned_draft()).await.unwrap();
    backend.invalidate(std::slice::from_ref(&key), &[], Duration::ZERO).await.unwrap();
    backend
        .lease(with(request(&key, Token::random()), |request| request.ttl = Duration::from_secs(5)))
        .await
        .unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[1], &raw[32..40]), (46, b'L', &VERSION.0.to_be_bytes()[..]));
    let remaining = looker.remaining_ms(&key);
    assert!((60_000..=65_000).contains(&remaining), "{remaining} ms");
}

#[tokio::test]
async fn a_closed_tag_names_its_writers_and_its_grace_by_their_ends() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let tags = [key("#tag:t")];
    let before = looker.server_ms();
    let writers = [Token::random(), Token::random()];
    backend.close_tags(&tags, writers[0], Duration::from_secs(20)).await.unwrap();
    backend.close_tags(&tags, writers[1], Duration::from_secs(10)).await.unwrap();
    backend.invalidate(&[], &tags, Duration::from_secs(40)).await.unwrap();
    let held: Vec<(Vec<u8>, u64)> = redis::cmd("ZRANGE")
        .arg(tags[0].as_str())
        .arg(&["0", "-1", "WITHSCORES"])
        .query(&mut looker.client)
        .unwrap();
    let after = looker.server_ms();
    let expected = [(&writers[1].0[..], 10_000), (&writers[0].0[..], 20_000), (&b"grace"[..], 40_000)];
    assert_eq!(held.len(), expected.len());
    for ((name, end), (expected_name, ttl)) in held.iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert!((before + ttl..=after + ttl).contains(end), "its end");
    }
    let remaining = looker.remaining_ms(&tags[0]);
    assert!((35_000..=40_000).contains(&remaining), "{remaining} ms");
}

#[tokio::test]
async fn a_lock_leaves_its_fence_for_a_day() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (lock, token, day) = (key("#lock:a"), Token::random(), 24 * 3600 * 1000);
    let before = looker.server_ms();
    let answer = backend.lock(&lock, token, Duration::from_secs(20)).await.unwrap();
    let LockAnswer::Locked { fence } = answer else { panic!("held") };
    let (raw, after) = (looker.raw(&lock), looker.server_ms());
    assert!((before..=after).contains(&(fence / 1000)), "the server's time in us: {fence}");
    assert_eq!((raw.len(), &raw[..2]), (34, &b"\xCAK"[..]));
    assert_eq!(millis(&raw[2..10]), fence);
    assert!((before + 20_000..=after + 20_000).contains(&millis(&raw[10..18])));
    assert_eq!(raw[18..], token.0);
    assert!((day + 15_000..=day + 20_000).contains(&looker.remaining_ms(&lock)));

    assert!(backend.unlock(&lock, token).await.unwrap());
    let left = looker.raw(&lock);
    assert_eq!((&left[..10], &left[10..]), (&raw[..10], &[0; 24][..]));
    assert!((day - 5_000..=day).contains(&looker.remaining_ms(&lock)));
}

#[tokio::test]
async fn a_tag_is_its_id_and_the_run_and_ends_with_the_longest_entry_that_carries_it() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let (tag, hour) = (key("#tag:t"), 3600 * 1000);
    let tags = std::slice::from_ref(&tag);
    let id = backend.tag_ids(tags).await.unwrap()[0];
    let raw = looker.raw(&tag);
    assert_eq!((raw.len(), &raw[..16]), (20, &id.0[..]));
    assert!((hour - 60_000..=hour).contains(&looker.remaining_ms(&tag)), "until something is stored");

    let stamps = vec![TagStamp { name: "t".into(), id }];
    for (ttl, stale, lifetime) in [(2, 1, 3), (5, 0, 5), (1, 1, 5)] {
        let (ttl, stale) = (Duration::from_secs(ttl * 3600), Duration::from_secs(stale * 3600));
        let token = leased(&backend, &key("a")).await;
        let draft =
            with(draft("v"), |draft| (draft.tags, draft.ttl, draft.stale) = (stamps.clone(), ttl, stale));
        assert!(backend.fill(&key("a"), token, &draft, tags).await.unwrap().stored);
        let (of_tag, of_entry) = (looker.remaining_ms(&tag), looker.remaining_ms(&key("a")));
        assert!((lifetime * hour - 60_000..=lifetime * hour).contains(&of_tag), "{of_tag} ms");
        assert!(of_tag + 1000 >= of_entry, "an id outlives what carries it: {of_tag} ms, {of_entry} ms");
        backend.invalidate(&[key("a")], &[], Duration::ZERO).await.unwrap();
    }
    assert_eq!(backend.tag_ids(tags).await.unwrap(), [id]);
    assert!(looker.remaining_ms(&tag) > 4 * hour, "nothing shortens it");
    backend.extend_tags(tags, Duration::from_hours(9)).await.unwrap();
    assert!(looker.remaining_ms(&tag) > 8 * hour);
}

#[tokio::test]
async fn an_evicted_tag_leaves_nothing() {
    let Some((server, backend, mut looker)) = setup().await else {
        return;
    };
    let (known, unknown, closed) = (key("#tag:known"), key("#tag:unknown"), key("#tag:closed"));
    backend.tag_ids(std::slice::from_ref(&known)).await.unwrap();
    let writer = Token::random();
    backend.close_tags(std::slice::from_ref(&closed), writer, LONG).await.unwrap();
    backend.invalidate(&[], &[known, unknown.clone()], Duration::ZERO).await.unwrap();
    backend.open_tags(&[closed], writer, Duration::ZERO).await.unwrap();
    backend.extend_tags(std::slice::from_ref(&unknown), LONG).await.unwrap();
    let left: usize = redis::cmd("DBSIZE").query(&mut server.client()).unwrap();
    assert_eq!(left, 0);
    // With a grace, what keeps the tag closed, for so long.
    backend.invalidate(&[], std::slice::from_ref(&unknown), Duration::from_secs(20)).await.unwrap();
    assert!((15_000..=20_000).contains(&looker.remaining_ms(&unknown)));
}

#[tokio::test]
async fn a_closed_tag_whose_key_lives_longer_is_closed_no_longer() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let tags = [key("#tag:t")];
    backend.close_tags(&tags, Token::random(), Duration::from_millis(1)).await.unwrap();
    backend.close_tags(&tags, Token::random(), Duration::from_millis(50)).await.unwrap();
    // A fill whose load began before the tag was closed.
    backend.extend_tags(&tags, LONG).await.unwrap();
    super::until_ok("the tag opens", async || {
        let id = backend.tag_ids(&tags).await?;
        let live = backend.read(&key("a"), &tags).await?.tag_ids;
        let closed = || jollycache::Error::new(jollycache::ErrorKind::Backend, "closed");
        if live == [Some(id[0])] { Ok(()) } else { Err(closed()) }
    })
    .await;
    assert_eq!(looker.raw(&tags[0]).len(), 20);
}

#[tokio::test]
async fn the_header_of_an_entry_is_within_its_budget() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let key = key("a");
    backend.store(&key, &draft("payload")).await.unwrap();
    assert_eq!(looker.raw(&key).len() - "payload".len(), 39);
    let tags = vec![TagStamp { name: "products".into(), id: Token::random() }];
    backend.store(&key, &with(draft("payload"), |draft| draft.tags = tags)).await.unwrap();
    assert!(looker.raw(&key).len() - "payload".len() <= 64, "DESIGN: at most 64 bytes over a bare SET");
}
