//! The scripts and `entry/record.rs` agree on every byte.

use std::time::Duration;

use bytes::Bytes;
use jollycache::RedisBackend;
use jollycache::backend::{Backend, Lease, LeaseRequest, LockAnswer, WriteEnd};
use jollycache::entry::{Draft, Entry, Record, TagStamp, Token, Version, decode_record, encode_entry};
use jollycache::key::StoredKey;
use jollycache_tests::RedisServer;

use super::{LONG, REGION, draft, key, leased, request, stale_draft};

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

fn millis(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

fn tagged_draft() -> Draft {
    let tags = ["products", "category:7", ""].map(|name| TagStamp { name: name.into(), id: Token::random() });
    Draft {
        tags: tags.into(),
        ttl: Duration::from_mins(1),
        stale: Duration::from_secs(30),
        ..draft("payload")
    }
}

/// The stored bytes are the draft's, but for the stamped times.
fn assert_stamped(raw: &[u8], draft: &Draft, before: u64, after: u64) {
    let encoded = encode_entry(draft);
    assert_eq!(raw[..6], encoded[..6], "magic, kind, region");
    assert_eq!(raw[22..], encoded[22..], "flags and all that follows");
    let (created, fresh_until) = (millis(&raw[6..14]), millis(&raw[14..22]));
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
        let created = millis(&raw[6..14]);
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
    let request = LeaseRequest { ttl: Duration::from_secs(20), ..request(&key, token) };
    backend.lease(request).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());
    assert_eq!(raw.len(), 38);
    assert_eq!(raw[..6], [0xCA, b'L', 1, 2, 3, 4]);
    assert!((before + 20_000..=after + 20_000).contains(&millis(&raw[6..14])));
    assert_eq!(raw[14..30], token.0);
    assert_eq!(raw[30..], [0; 8], "no floor");
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
    backend.store(&key, &Draft { tags: tagged_draft().tags, none: true, ..stale_draft("") }).await.unwrap();
    let bare = looker.raw(&key);
    let before = looker.server_ms();
    let lease = backend.lease(request(&key, token)).await.unwrap();
    let (raw, after) = (looker.raw(&key), looker.server_ms());

    assert_eq!(raw.len(), bare.len() + 24);
    assert_eq!(raw[22], 3, "stands for none, and is leased");
    assert_eq!((&raw[..22], &raw[23..bare.len()]), (&bare[..22], &bare[23..]));
    let until = millis(&raw[bare.len()..bare.len() + 8]);
    assert!((before + 600_000..=after + 600_000).contains(&until));
    assert_eq!(raw[bare.len() + 8..], token.0);
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
    backend.lease(LeaseRequest { ttl: Duration::ZERO, ..request(&key, Token::random()) }).await.unwrap();
    super::until_ok("the first lease ends", async || match backend.lease(request(&key, token)).await? {
        Lease::Leased { .. } => Ok(()),
        _ => Err(jollycache::Error::new(jollycache::ErrorKind::Backend, "leased")),
    })
    .await;
    let raw = looker.raw(&key);
    assert_eq!(raw.len(), bare + 24, "one trailer");
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
    assert_eq!(raw.len(), 55);
    assert_eq!(raw[..6], [0xCA, b'I', 1, 2, 3, 4]);
    assert_eq!(raw[14..22], [0; 8], "no floor");
    assert!((before..=looker.server_ms()).contains(&millis(&raw[22..30])), "no grace");
    assert_eq!(raw[30], 0, "no poison");
    assert_eq!(raw[39..], first.0);
    assert_eq!(decode_record(Bytes::from(raw)), Record::Reserved);

    backend.begin_write(&key, REGION, second, Duration::from_secs(5)).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[30]), (79, 1), "two writers, poisoned");
    assert_eq!(raw[63..], second.0);
    let remaining = looker.remaining_ms(&key);
    assert!((15_000..=20_000).contains(&remaining), "the later end counts: {remaining} ms");

    backend.end_write(&key, first, WriteEnd::Evict { grace: std::time::Duration::ZERO }).await.unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[30]), (55, 1), "one writer left, still poisoned");
    assert_eq!(raw[39..], second.0);
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
    assert_eq!((&raw[..14], &raw[22..]), (&old[..14], &old[22..]));
    assert!((before + 7000..=after + 7000).contains(&millis(&raw[14..22])));
    assert!(looker.remaining_ms(&key) <= 7000);
}

const VERSION: Version = Version(0x8182_8384_8586_8788);

fn versioned_draft() -> Draft {
    Draft { version: Some(VERSION), ..stale_draft("payload") }
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
    assert_eq!((raw.len(), &raw[raw.len() - 16..]), (bare.len() + 24, &token.0[..]));
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
    assert_eq!(raw[..6], [0xCA, b'E', 1, 2, 3, 4]);
    assert!((before + 60_000..=after + 60_000).contains(&millis(&raw[6..14])));
    assert!((before + 20_000..=after + 20_000).contains(&millis(&raw[14..22])), "the grace");
    assert_eq!(raw[22..], floor);
    assert_eq!(decode_record(Bytes::from(raw.clone())), Record::Reserved);
    assert!((55_000..=60_000).contains(&looker.remaining_ms(&key)));

    let writer = Token::random();
    backend.begin_write(&key, REGION, writer, Duration::from_secs(5)).await.unwrap();
    let intent = looker.raw(&key);
    assert_eq!((&intent[14..22], &intent[22..30]), (&floor[..], &raw[14..22]), "the floor and the grace");
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
        .lease(LeaseRequest { ttl: Duration::from_secs(5), ..request(&key, Token::random()) })
        .await
        .unwrap();
    let raw = looker.raw(&key);
    assert_eq!((raw.len(), raw[1], &raw[30..]), (38, b'L', &VERSION.0.to_be_bytes()[..]));
    let remaining = looker.remaining_ms(&key);
    assert!((60_000..=65_000).contains(&remaining), "{remaining} ms");
}

#[tokio::test]
async fn a_closed_tag_counts_its_writers_and_has_two_ends() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let tags = [key("#tag:t")];
    let before = looker.server_ms();
    let writers = [Token::random(), Token::random()];
    backend.close_tags(&tags, writers[0], Duration::from_secs(20)).await.unwrap();
    backend.close_tags(&tags, writers[1], Duration::from_secs(10)).await.unwrap();
    backend.invalidate(&[], &tags, Duration::from_secs(40)).await.unwrap();
    let (raw, after) = (looker.raw(&tags[0]), looker.server_ms());
    assert_eq!((raw.len(), raw[0]), (9 + 2 * 24, b'c'));
    assert!((before + 40_000..=after + 40_000).contains(&millis(&raw[1..9])), "the grace");
    for (writer, (token, seconds)) in raw[9..].chunks(24).zip([(writers[0], 20), (writers[1], 10)]) {
        let end = seconds * 1000;
        assert!((before + end..=after + end).contains(&millis(&writer[..8])), "the writer's end");
        assert_eq!(writer[8..], token.0);
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
async fn a_tag_is_sixteen_bytes_that_end_in_a_month() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let tag = key("#tag:t");
    let id = backend.tag_ids(std::slice::from_ref(&tag)).await.unwrap()[0];
    assert_eq!(looker.raw(&tag), id.0);
    let month = 31 * 24 * 3600 * 1000;
    assert!((month - 60_000..=month).contains(&looker.remaining_ms(&tag)));
    // What is stamped with it later must not end with what was stamped first.
    let _: i64 = redis::cmd("PEXPIRE").arg(tag.as_str()).arg(60_000).query(&mut looker.client).unwrap();
    assert_eq!(backend.tag_ids(std::slice::from_ref(&tag)).await.unwrap(), [id]);
    assert!((month - 60_000..=month).contains(&looker.remaining_ms(&tag)));
    backend.invalidate(&[], std::slice::from_ref(&tag), std::time::Duration::ZERO).await.unwrap();
    let new = looker.raw(&tag);
    assert!(new.len() == 16 && new != id.0);
    assert!((month - 60_000..=month).contains(&looker.remaining_ms(&tag)));
    // A closed one is not kept closed by it.
    backend.close_tags(std::slice::from_ref(&tag), Token::random(), Duration::from_secs(20)).await.unwrap();
    backend.tag_ids(std::slice::from_ref(&tag)).await.unwrap();
    assert!(looker.remaining_ms(&tag) <= 20_000);
}

#[tokio::test]
async fn the_header_of_an_entry_is_within_its_budget() {
    let Some((_server, backend, mut looker)) = setup().await else {
        return;
    };
    let key = key("a");
    backend.store(&key, &draft("payload")).await.unwrap();
    assert!(looker.raw(&key).len() - "payload".len() <= 64, "DESIGN: at most 64 bytes over a bare SET");
}
