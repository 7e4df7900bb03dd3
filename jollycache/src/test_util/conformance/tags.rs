//! Tags: unique ids, and which entries may be served under which.

use std::time::Duration;

use std::collections::HashSet;

use super::trial::{Trial, draft, request, stale_draft, stamp};
use crate::backend::{Lease, LeaseRequest};
use crate::entry::{Draft, MAX_RECORD_TAGS, TagStamp, Token};
use crate::key::StoredKey;

pub(super) async fn a_tag_gets_one_id_and_keeps_it(trial: Trial) {
    let tag = trial.tag("t");
    let id = trial.tag_id(&tag).await;
    assert_eq!(trial.tag_id(&tag).await, id);
    let read = trial.backend.read(&trial.key("a"), &[tag]).await.expect("a read");
    assert_eq!(read.tag_ids, [Some(id)]);
}

pub(super) async fn every_tag_has_an_id_of_its_own(trial: Trial) {
    let tags: Vec<_> = (0..20).map(|index| trial.tag(&index.to_string())).collect();
    let ids = trial.backend.tag_ids(&tags).await.expect("tag ids");
    assert_eq!(ids.len(), tags.len());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), tags.len());
    let reversed: Vec<_> = tags.iter().rev().cloned().collect();
    let mut again = trial.backend.tag_ids(&reversed).await.expect("tag ids");
    again.reverse();
    assert_eq!(again, ids, "ids come in the order of the tags");
}

pub(super) async fn a_tag_never_asked_for_has_no_id(trial: Trial) {
    let read = trial.backend.read(&trial.key("a"), &[trial.tag("t")]).await.expect("a read");
    assert_eq!(read.tag_ids, [None]);
}

pub(super) async fn all_askers_at_once_get_the_same_id(trial: Trial) {
    let tag = trial.tag("t");
    let askers: Vec<_> = (0..100)
        .map(|_| {
            let (trial, tag) = (trial.clone(), tag.clone());
            tokio::spawn(async move { trial.tag_id(&tag).await })
        })
        .collect();
    let mut ids = HashSet::new();
    for asker in askers {
        ids.insert(asker.await.expect("an id"));
    }
    assert_eq!(ids.len(), 1);
}

async fn invalidate_tag(trial: &Trial, tag: &StoredKey) {
    let dropped = trial
        .backend
        .invalidate(&[], std::slice::from_ref(tag), Duration::ZERO)
        .await
        .expect("an invalidation");
    assert_eq!(dropped, 0, "tags are not values");
}

pub(super) async fn an_invalidated_tag_has_another_id(trial: Trial) {
    let tag = trial.tag("t");
    let mut seen = HashSet::from([trial.tag_id(&tag).await]);
    for _ in 0..5 {
        invalidate_tag(&trial, &tag).await;
        let read = trial.backend.read(&trial.key("a"), std::slice::from_ref(&tag)).await.expect("a read");
        assert!(read.tag_ids[0].is_none_or(|id| !seen.contains(&id)), "an old id came back");
        assert!(seen.insert(trial.tag_id(&tag).await), "an old id came back");
    }
}

/// Or returns `None`: a backend need not be able to.
pub(super) async fn a_rotation_gives_its_id_and_returns_which_it_replaced(trial: Trial) {
    let tag = trial.tag("t");
    let mut held = trial.tag_id(&tag).await;
    for _ in 0..3 {
        let fresh = Token::random();
        let replaced = trial.backend.rotate_tag(&tag, fresh).await.expect("a rotation");
        let now = trial.tag_id(&tag).await;
        assert_ne!(now, held, "an invalidation");
        if let Some(replaced) = replaced {
            assert_eq!((replaced, now), (held, fresh));
        }
        held = now;
    }
    let tag = trial.tag("never asked for");
    assert_eq!(trial.backend.rotate_tag(&tag, Token::random()).await.expect("a rotation"), None);
    let (tag, writer) = (std::slice::from_ref(&tag), Token::random());
    trial.backend.close_tags(tag, writer, Duration::from_secs(60)).await.expect("a close");
    assert_eq!(trial.backend.rotate_tag(&tag[0], Token::random()).await.expect("a rotation"), None);
    let read = trial.backend.read(&trial.key("a"), tag).await.expect("a read");
    assert_eq!(read.tag_ids, [None], "a rotation opens nothing that a writer closed");
}

pub(super) async fn an_invalidation_of_a_tag_leaves_other_tags(trial: Trial) {
    let (tag, other) = (trial.tag("t"), trial.tag("other"));
    let id = trial.tag_id(&other).await;
    invalidate_tag(&trial, &tag).await;
    assert_eq!(trial.tag_id(&other).await, id);
}

pub(super) async fn tags_are_invalidated_without_keys_and_keys_without_tags(trial: Trial) {
    let (key, tag) = (trial.key("a"), trial.tag("t"));
    trial.store(&key, &draft("v")).await;
    let id = trial.tag_id(&tag).await;
    invalidate_tag(&trial, &tag).await;
    assert_eq!(trial.text(&key).await.as_deref(), Some("v"));
    let id_after = trial.tag_id(&tag).await;
    assert_ne!(id_after, id);
    assert_eq!(trial.invalidate(&key).await, 1);
    assert_eq!(trial.tag_id(&tag).await, id_after);
    // Both in one call.
    trial.store(&key, &draft("v")).await;
    let held = trial
        .backend
        .invalidate(std::slice::from_ref(&key), std::slice::from_ref(&tag), Duration::ZERO)
        .await;
    assert_eq!(held.expect("an invalidation"), 1);
    assert_eq!(trial.read(&key).await, None);
    assert_ne!(trial.tag_id(&tag).await, id_after);
}

pub(super) async fn a_fill_returns_the_live_ids_after_it(trial: Trial) {
    let (key, tag, unknown) = (trial.key("a"), trial.tag("t"), trial.tag("unknown"));
    let old = trial.tag_id(&tag).await;
    let token = trial.leased(&key).await;
    invalidate_tag(&trial, &tag).await;
    let live = trial.tag_id(&tag).await;
    let draft = Draft { tags: vec![stamp("t", old)], ..draft("v") };
    let filled = trial.backend.fill(&key, token, &draft, &[unknown, tag]).await.expect("a fill");
    assert!(filled.stored, "the tag is the reader's to check");
    assert_eq!(filled.tag_ids, [None, Some(live)]);
}

pub(super) async fn a_refused_fill_returns_the_live_ids_too(trial: Trial) {
    let (key, tag) = (trial.key("a"), trial.tag("t"));
    let live = trial.tag_id(&tag).await;
    let filled = trial.backend.fill(&key, Token::random(), &draft("v"), &[tag]).await.expect("a fill");
    assert!(!filled.stored);
    assert_eq!(filled.tag_ids, [Some(live)]);
}

/// A key with a fresh entry under the tags `a` and `b`.
async fn tagged(trial: &Trial) -> (StoredKey, TagStamp, TagStamp) {
    let key = trial.key("tagged");
    let (a, b) = (stamp("a", Token::random()), stamp("b", Token::random()));
    trial.store(&key, &Draft { tags: vec![a.clone(), b.clone()], ..draft("v") }).await;
    (key, a, b)
}

async fn ask_knowing(trial: &Trial, key: &StoredKey, live_tags: &[TagStamp]) -> Lease {
    trial.ask(&LeaseRequest { live_tags, ..request(key, Token::random()) }).await
}

pub(super) async fn an_entry_is_served_to_who_knows_the_same_ids(trial: Trial) {
    let (key, a, b) = tagged(&trial).await;
    for live in [vec![a.clone(), b.clone()], vec![b.clone(), a.clone()]] {
        assert!(matches!(ask_knowing(&trial, &key, &live).await, Lease::Hit(_)), "{live:?}");
    }
}

pub(super) async fn an_entry_is_not_served_to_who_knows_another_id(trial: Trial) {
    let (key, a, _) = tagged(&trial).await;
    let lease = ask_knowing(&trial, &key, &[a, stamp("b", Token::random())]).await;
    assert_eq!(lease, Lease::Leased { stale: None });
}

pub(super) async fn an_entry_is_not_served_to_who_declares_a_tag_it_lacks(trial: Trial) {
    let (key, a, b) = tagged(&trial).await;
    let lease = ask_knowing(&trial, &key, &[a, b, stamp("c", Token::random())]).await;
    assert_eq!(lease, Lease::Leased { stale: None });
}

pub(super) async fn tags_that_only_the_entry_knows_are_not_judged(trial: Trial) {
    let (key, a, _) = tagged(&trial).await;
    for live in [vec![], vec![a]] {
        assert!(matches!(ask_knowing(&trial, &key, &live).await, Lease::Hit(_)), "{live:?}");
    }
}

pub(super) async fn an_unacceptable_value_waits_for_who_loads_and_is_not_offered(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &Draft { tags: vec![stamp("a", Token::random())], ..stale_draft("old") }).await;
    trial.lease(&key, token).await;
    let lease = ask_knowing(&trial, &key, &[stamp("a", Token::random())]).await;
    assert!(matches!(lease, Lease::Wait { stale: None, .. }), "{lease:?}");
    assert!(trial.fill(&key, token, "new").await, "the lease was respected");
}

pub(super) async fn an_unacceptable_value_falls_with_the_lease(trial: Trial) {
    let (key, token) = (trial.key("a"), Token::random());
    trial.store(&key, &Draft { tags: vec![stamp("a", Token::random())], ..stale_draft("old") }).await;
    let live = [stamp("a", Token::random())];
    let lease = trial.ask(&LeaseRequest { live_tags: &live, ..request(&key, token) }).await;
    assert_eq!(lease, Lease::Leased { stale: None });
    assert_eq!(trial.read(&key).await, None);
    assert!(trial.fill(&key, token, "new").await);
}

pub(super) async fn as_many_tags_as_an_entry_holds_are_kept(trial: Trial) {
    let key = trial.key("a");
    let tags: Vec<_> =
        (0..MAX_RECORD_TAGS).map(|index| stamp(&format!("{index:0>128}"), Token::random())).collect();
    trial.store(&key, &Draft { tags: tags.clone(), ..draft("v") }).await;
    assert_eq!(trial.read(&key).await.expect("the entry").tags, tags);
    assert!(matches!(ask_knowing(&trial, &key, &tags).await, Lease::Hit(_)));
}
