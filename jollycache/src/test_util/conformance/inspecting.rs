//! Inspections: they show what is stored, and change nothing.

use std::time::Duration;

use super::trial::{LONG, REGION, SHORT, Trial, draft, eventually, request, stale_draft};
use crate::backend::{Inspection, Lease, LeaseRequest, WriteEnd};
use crate::entry::{Draft, Entry, Token, Version};
use crate::key::StoredKey;

async fn inspect(trial: &Trial, key: &StoredKey) -> Inspection {
    trial.keyspace().inspect(key).await.expect("an inspection")
}

fn is_about(found: Duration, expected: Duration) -> bool {
    found <= expected && found > expected / 2
}

pub(super) async fn a_key_that_was_never_stored_is_vacant(trial: Trial) {
    assert_eq!(inspect(&trial, &trial.key("a")).await, Inspection::Vacant);
}

pub(super) async fn a_value_is_shown_with_header_and_lifetime(trial: Trial) {
    let key = trial.key("a");
    let draft = Draft { stale: LONG, version: Some(Version::from(7_u64)), ..draft("{\"a\":1}") };
    trial.store(&key, &draft).await;
    let Inspection::Value { entry, now, remaining, lease } = inspect(&trial, &key).await else {
        panic!("a value")
    };
    assert_eq!(entry, Entry::from_draft(&draft, entry.created));
    assert!(entry.is_fresh(now) && now >= entry.created, "times are the backend's");
    assert!(is_about(remaining, LONG * 2), "{remaining:?}");
    assert_eq!(lease, None);
}

pub(super) async fn a_refreshed_value_is_shown_with_its_lease(trial: Trial) {
    let key = trial.key("a");
    trial.store(&key, &stale_draft("old")).await;
    let token = Token::random();
    assert!(matches!(trial.lease(&key, token).await, Lease::Leased { stale: Some(_) }));
    let Inspection::Value { entry, now, lease, .. } = inspect(&trial, &key).await else { panic!("a value") };
    assert_eq!((&entry.payload[..], entry.is_fresh(now)), (&b"old"[..], false));
    assert!(lease.is_some_and(|lease| is_about(lease, LONG)), "{lease:?}");
    assert!(trial.fill(&key, token, "new").await, "the lease is as it was");
}

pub(super) async fn a_lease_is_shown_until_it_ends(trial: Trial) {
    let (key, short) = (trial.key("a"), trial.key("short"));
    let token = trial.leased(&key).await;
    let Inspection::Leased { region, remaining } = inspect(&trial, &key).await else { panic!("a lease") };
    assert_eq!(region, REGION);
    assert!(is_about(remaining, LONG), "{remaining:?}");
    assert!(trial.fill(&key, token, "v").await, "the lease is as it was");

    trial.ask(&LeaseRequest { ttl: SHORT, ..request(&short, Token::random()) }).await;
    eventually!("the lease has ended", inspect(&trial, &short).await == Inspection::Vacant);
}

pub(super) async fn an_intent_is_shown_with_its_writers(trial: Trial) {
    let key = trial.key("a");
    let (one, other) = (Token::random(), Token::random());
    trial.backend.begin_write(&key, REGION, one, LONG).await.expect("an intent");
    let Inspection::Intent { region, remaining, writers, poisoned } = inspect(&trial, &key).await else {
        panic!("an intent")
    };
    assert_eq!((region, writers, poisoned), (REGION, 1, false));
    assert!(is_about(remaining, LONG), "{remaining:?}");
    trial.backend.begin_write(&key, REGION, other, LONG).await.expect("an intent");
    let found = inspect(&trial, &key).await;
    assert!(matches!(found, Inspection::Intent { writers: 2, poisoned: true, .. }), "{found:?}");
    for token in [one, other] {
        let end = WriteEnd::Evict { grace: Duration::ZERO };
        trial.backend.end_write(&key, token, end).await.expect("an end");
    }
    assert_eq!(inspect(&trial, &key).await, Inspection::Vacant);
}

pub(super) async fn what_is_remembered_of_an_eviction_is_shown(trial: Trial) {
    let (graced, versioned) = (trial.key("graced"), trial.key("versioned"));
    trial.store(&graced, &draft("v")).await;
    trial.backend.invalidate(std::slice::from_ref(&graced), &[], LONG).await.expect("an invalidation");
    let Inspection::Evicted { region, closed } = inspect(&trial, &graced).await else { panic!("evicted") };
    assert_eq!(region, REGION);
    assert!(is_about(closed, LONG), "{closed:?}");

    trial.store(&versioned, &Draft { version: Some(Version::from(7_u64)), ..draft("v") }).await;
    trial.invalidate(&versioned).await;
    let Inspection::Evicted { closed, .. } = inspect(&trial, &versioned).await else { panic!("evicted") };
    assert_eq!(closed, Duration::ZERO);
}
