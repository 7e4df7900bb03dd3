//! Records that are not ours: for a reader nothing, for a writer room.

use jollycache::RedisBackend;
use jollycache::backend::{
    Backend, Inspection, Keyspace, Lease, Lifetimes, RunId, Selection, TagStamp, Token, WriteEnd,
    encode_entry,
};
use jollycache::key::StoredKey;
use jollycache_tests::RedisServer;

use super::{LONG, REGION, Store as _, draft, key, leased, request, text};

const KINDS: [&str; 10] = [
    "list",
    "hash",
    "empty",
    "text",
    "other version",
    "other kind",
    "torn header",
    "torn tags",
    "tag not text",
    "torn lease",
];

/// Puts something that is not ours under the key, without an expiry.
fn plant(server: &RedisServer, key: &StoredKey, kind: &str) {
    let (client, run) = (&mut server.client(), RunId::of(&server.run_id()));
    let mut tagged = draft("payload");
    tagged.tags = vec![TagStamp { name: "products".into(), id: Token([7; 16]) }];
    let mut record = encode_entry(&tagged).unwrap().to_vec();
    // Of the present run, or that alone would make it none of ours.
    record[6..10].copy_from_slice(&run.0);
    let with = |index: usize, byte: u8| {
        let mut record = record.clone();
        record[index] = byte;
        record
    };
    redis::cmd("DEL").arg(key.as_str()).exec(client).unwrap();
    let bytes = match kind {
        "list" => {
            return redis::cmd("RPUSH").arg(key.as_str()).arg("x").exec(client).unwrap();
        }
        "hash" => {
            return redis::cmd("HSET").arg(key.as_str()).arg("f").arg("x").exec(client).unwrap();
        }
        "empty" => Vec::new(),
        "text" => b"{\"id\":1}".to_vec(),
        "other version" => with(0, 0xCA),
        "other kind" => with(1, b'X'),
        "torn header" => record[..38].to_vec(),
        "torn tags" => record[..45].to_vec(),
        "tag not text" => with(40, 0xFF),
        "torn lease" => b"\xCBL\0\0\0\0".to_vec(),
        _ => panic!("no such kind: {kind}"),
    };
    redis::cmd("SET").arg(key.as_str()).arg(bytes).exec(client).unwrap();
}

async fn setup() -> Option<(RedisServer, RedisBackend, redis::Connection)> {
    let server = RedisServer::start()?;
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let client = server.client();
    Some((server, backend, client))
}

#[tokio::test]
async fn a_foreign_record_is_a_miss() {
    let Some((server, backend, _)) = setup().await else {
        return;
    };
    let good = key("good");
    backend.store(&good, &draft("v")).await.unwrap();
    for kind in KINDS {
        let key = key(kind);
        plant(&server, &key, kind);
        assert_eq!(text(&backend, &key).await, None, "{kind}");
        let (entries, _) = backend.read_many(&[key.clone(), good.clone()], &[]).await.unwrap();
        assert!(entries[0].is_none() && entries[1].is_some(), "{kind}");
        assert!(!backend.fill(&key, Token::random(), &draft("v"), &[]).await.unwrap().stored, "{kind}");
        assert!(!backend.release(&key, Token::random()).await.unwrap(), "{kind}");
    }
}

#[tokio::test]
async fn a_foreign_record_gives_way_to_a_lease() {
    let Some((server, backend, _)) = setup().await else {
        return;
    };
    for kind in KINDS {
        let key = key(kind);
        plant(&server, &key, kind);
        let token = Token::random();
        let lease = backend.lease(request(&key, token)).await.unwrap();
        assert_eq!(lease, Lease::Leased { stale: None }, "{kind}");
        assert!(backend.fill(&key, token, &draft("new"), &[]).await.unwrap().stored, "{kind}");
        assert_eq!(text(&backend, &key).await.as_deref(), Some("new"), "{kind}");
    }
}

#[tokio::test]
async fn a_foreign_record_gives_way_to_writes() {
    let Some((server, backend, _)) = setup().await else {
        return;
    };
    for kind in KINDS {
        let key = key(kind);
        plant(&server, &key, kind);
        assert!(backend.store(&key, &draft("stored")).await.unwrap(), "{kind}");
        assert_eq!(text(&backend, &key).await.as_deref(), Some("stored"), "{kind}");

        plant(&server, &key, kind);
        let writer = Token::random();
        backend.begin_write(&key, REGION, writer, LONG).await.unwrap();
        assert!(backend.end_write(&key, writer, WriteEnd::Put(&draft("put"))).await.unwrap(), "{kind}");
        assert_eq!(text(&backend, &key).await.as_deref(), Some("put"), "{kind}");

        plant(&server, &key, kind);
        assert!(
            !backend
                .end_write(&key, Token::random(), WriteEnd::Evict { grace: std::time::Duration::ZERO })
                .await
                .unwrap(),
            "{kind}"
        );
        leased(&backend, &key).await;
    }
}

#[tokio::test]
async fn an_invalidation_removes_what_is_foreign_under_a_key() {
    let Some((server, backend, mut client)) = setup().await else {
        return;
    };
    for kind in KINDS {
        let key = key(kind);
        plant(&server, &key, kind);
        backend.invalidate(std::slice::from_ref(&key), &[], std::time::Duration::ZERO).await.unwrap();
        let exists: bool = redis::cmd("EXISTS").arg(key.as_str()).query(&mut client).unwrap();
        assert!(!exists, "{kind}");
    }
}

#[tokio::test]
async fn a_scan_meets_foreign_data_without_harm() {
    let Some((server, backend, mut client)) = setup().await else {
        return;
    };
    for kind in ["list", "hash", "text"] {
        plant(&server, &key(kind), kind);
    }
    redis::cmd("SET").arg(&b"test:\xFF\xFE"[..]).arg("not a name of ours").exec(&mut client).unwrap();
    backend.store(&key("ours"), &draft("v")).await.unwrap();
    let page = backend.scan("test:*", None, 100).await.unwrap();
    assert!(page.keys.contains(&key("ours")) && page.next.is_none());
    assert_eq!(
        backend.invalidate_matching(Selection::new("test:*", None, std::time::Duration::ZERO)).await.unwrap(),
        1
    );
    let left: usize = redis::cmd("DBSIZE").query(&mut client).unwrap();
    assert_eq!(left, 4, "another program's data is not ours to delete");
}

#[tokio::test]
async fn a_foreign_record_has_no_lifetime() {
    let Some((server, backend, _)) = setup().await else {
        return;
    };
    for kind in KINDS.into_iter().filter(|kind| !kind.contains("tag")) {
        let key = key(kind);
        plant(&server, &key, kind);
        assert_eq!(backend.ttl(&key).await.unwrap(), None, "{kind}");
        assert!(!backend.expire(&key, LONG).await.unwrap(), "{kind}");
    }
}

#[tokio::test]
async fn foreign_data_under_a_tag_is_replaced_by_an_id() {
    let Some((server, backend, mut client)) = setup().await else {
        return;
    };
    let good = key("#tag:good");
    let good_id = backend.tag_ids(std::slice::from_ref(&good)).await.unwrap()[0];
    for kind in ["list", "hash", "empty", "text", "torn lease"] {
        let tag = key(&format!("#tag:{kind}"));
        plant(&server, &tag, kind);
        let read = backend.read(&key("a"), std::slice::from_ref(&tag)).await.unwrap();
        assert_eq!(read.tag_ids, [None], "{kind}");
        let ids = backend.tag_ids(&[good.clone(), tag.clone()]).await.unwrap();
        assert_eq!(ids[0], good_id, "{kind}");
        let read = backend.read(&key("a"), std::slice::from_ref(&tag)).await.unwrap();
        assert_eq!(read.tag_ids, [Some(ids[1])], "{kind}");

        plant(&server, &tag, kind);
        backend.invalidate(&[], std::slice::from_ref(&tag), std::time::Duration::ZERO).await.unwrap();
        let read = backend.read(&key("a"), std::slice::from_ref(&tag)).await.unwrap();
        assert_eq!(read.tag_ids, [None], "{kind}");
        let exists: bool = redis::cmd("EXISTS").arg(tag.as_str()).query(&mut client).unwrap();
        assert!(!exists, "{kind}");
    }
}

#[tokio::test]
async fn people_are_told_that_a_record_is_not_ours() {
    let Some((server, backend, _)) = setup().await else { return };
    for kind in KINDS {
        plant(&server, &key("a"), kind);
        assert_eq!(backend.inspect(&key("a")).await.unwrap(), Inspection::Foreign, "{kind}");
    }
}
