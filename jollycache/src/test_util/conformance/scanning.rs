//! Scans, and invalidation by scan.

use std::time::Duration;

use std::collections::BTreeSet;

use super::trial::{LONG, REGION, Trial, draft, stale_draft};
use crate::backend::{Lease, Selection};
use crate::entry::{Draft, RegionId, Token};
use crate::key::StoredKey;

/// More than one page of any server.
const MANY: usize = 1300;

async fn store_many(trial: &Trial, prefix: &str, count: usize) -> Vec<StoredKey> {
    let keys: Vec<_> = (0..count).map(|index| trial.key(&format!("{prefix}{index}"))).collect();
    for key in &keys {
        trial.store(key, &draft("v")).await;
    }
    keys
}

async fn scan(trial: &Trial, glob: &str, page_size: usize) -> BTreeSet<StoredKey> {
    let glob = trial.glob(glob);
    let (mut found, mut cursor) = (BTreeSet::new(), None);
    for _ in 0..100_000 {
        let page = trial.keyspace().scan(&glob, cursor, page_size).await.expect("a page");
        found.extend(page.keys);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
    panic!("the scan has no end");
}

async fn sweep(trial: &Trial, glob: &str, region: Option<RegionId>) -> u64 {
    let selection = Selection { glob: &trial.glob(glob), region, grace: Duration::ZERO };
    trial.backend.invalidate_matching(selection).await.expect("an invalidation")
}

pub(super) async fn a_scan_in_pages_finds_every_key(trial: Trial) {
    let keys = store_many(&trial, "list:", 120).await.into_iter().collect();
    assert_eq!(scan(&trial, "list:*", 7).await, keys);
    assert_eq!(scan(&trial, "list:*", 1000).await, keys);
}

pub(super) async fn a_scan_finds_nothing_else(trial: Trial) {
    store_many(&trial, "other:", 5).await;
    let keys: BTreeSet<_> = store_many(&trial, "list:", 5).await.into_iter().collect();
    assert_eq!(scan(&trial, "list:*", 10).await, keys);
    assert_eq!(scan(&trial, "absent:*", 10).await, BTreeSet::new());
    assert_eq!(scan(&trial, "list:1", 10).await, BTreeSet::from([trial.key("list:1")]));
}

pub(super) async fn a_scan_finds_counters_too(trial: Trial) {
    let counter = trial.key("#counter:c");
    trial.counters().add(&counter, 1, None).await.expect("a sum");
    assert_eq!(scan(&trial, "#counter:*", 10).await, BTreeSet::from([counter]));
}

pub(super) async fn a_question_mark_is_one_character(trial: Trial) {
    store_many(&trial, "k", 12).await;
    assert_eq!(scan(&trial, "k?", 100).await.len(), 10);
    assert_eq!(scan(&trial, "k1?", 100).await, BTreeSet::from([trial.key("k10"), trial.key("k11")]));
}

pub(super) async fn brackets_and_backslashes_are_literal(trial: Trial) {
    for name in ["a[12]", "a1", "a2", "b\\*", "b\\x", "bx", "c^d", "c-d"] {
        trial.store(&trial.key(name), &draft("v")).await;
    }
    assert_eq!(scan(&trial, "a[12]", 100).await, BTreeSet::from([trial.key("a[12]")]));
    assert_eq!(scan(&trial, "b\\*", 100).await, BTreeSet::from([trial.key("b\\*"), trial.key("b\\x")]));
    assert_eq!(sweep(&trial, "a[12]", None).await, 1);
    assert_eq!(trial.text(&trial.key("a1")).await.as_deref(), Some("v"));
}

pub(super) async fn an_invalidation_by_scan_drops_all_that_match(trial: Trial) {
    let keys = store_many(&trial, "list:", MANY).await;
    let other = trial.key("other");
    trial.store(&other, &draft("v")).await;
    assert_eq!(sweep(&trial, "list:*", None).await, MANY as u64);
    let (entries, _) = trial.backend.read_many(&keys, &[]).await.expect("reads");
    assert!(entries.iter().all(Option::is_none));
    assert_eq!(trial.text(&other).await.as_deref(), Some("v"));
}

pub(super) async fn an_invalidation_by_scan_counts_values(trial: Trial) {
    trial.store(&trial.key("fresh"), &draft("v")).await;
    trial.store(&trial.key("stale"), &stale_draft("v")).await;
    trial.leased(&trial.key("leased")).await;
    assert_eq!(sweep(&trial, "*", None).await, 2);
    assert_eq!(sweep(&trial, "*", None).await, 0);
}

pub(super) async fn an_invalidation_by_scan_can_be_bound_to_a_region(trial: Trial) {
    let (mine, other, leased) = (trial.key("mine"), trial.key("other"), trial.key("leased"));
    trial.store(&mine, &draft("v")).await;
    trial.store(&other, &Draft { region: RegionId(REGION.0 + 1), ..draft("v") }).await;
    let token = trial.leased(&leased).await;
    assert_eq!(sweep(&trial, "*", Some(RegionId(REGION.0 + 2))).await, 0);
    assert_eq!(sweep(&trial, "*", Some(REGION)).await, 1);
    assert_eq!(trial.read(&mine).await, None);
    assert_eq!(trial.text(&other).await.as_deref(), Some("v"));
    assert!(!trial.fill(&leased, token, "v").await, "a lease of the region is revoked");
}

pub(super) async fn an_invalidation_by_scan_leaves_intents(trial: Trial) {
    let key = trial.key("a");
    trial.backend.begin_write(&key, REGION, Token::random(), LONG).await.expect("an intent");
    assert_eq!(sweep(&trial, "*", None).await, 0);
    assert!(matches!(trial.lease(&key, Token::random()).await, Lease::Bypass { .. }));
}

pub(super) async fn an_invalidation_by_scan_leaves_tags_and_counters(trial: Trial) {
    let (counter, tag) = (trial.key("#counter:c"), trial.tag("t"));
    trial.counters().add(&counter, 5, None).await.expect("a sum");
    let id = trial.tag_id(&tag).await;
    assert_eq!(sweep(&trial, "*", None).await, 0);
    assert_eq!(trial.counters().add(&counter, 1, None).await.expect("a sum"), 6);
    assert_eq!(trial.tag_id(&tag).await, id);
}
