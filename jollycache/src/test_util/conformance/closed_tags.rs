//! Closed tags: while a writer or a grace keeps a tag closed, nothing that carries it is valid.

use std::time::Duration;

use super::trial::{LONG, SHORT, Trial, eventually};
use crate::entry::Token;
use crate::key::StoredKey;

/// Closes the tag for a new writer, whose token it returns.
async fn close(trial: &Trial, tag: &StoredKey, ttl: Duration) -> Token {
    let writer = Token::random();
    trial.backend.close_tags(std::slice::from_ref(tag), writer, ttl).await.expect("to close");
    writer
}

async fn open(trial: &Trial, tag: &StoredKey, writer: Token, grace: Duration) {
    trial.backend.open_tags(std::slice::from_ref(tag), writer, grace).await.expect("to open");
}

async fn invalidate(trial: &Trial, tag: &StoredKey, grace: Duration) {
    trial.backend.invalidate(&[], std::slice::from_ref(tag), grace).await.expect("an invalidation");
}

async fn live(trial: &Trial, tag: &StoredKey) -> Option<Token> {
    trial.backend.read(&trial.key("a"), std::slice::from_ref(tag)).await.expect("a read").tag_ids[0]
}

/// Checks that the tag has no id, and that the ones that are returned are not kept.
async fn assert_closed(trial: &Trial, tag: &StoredKey) {
    assert_eq!(live(trial, tag).await, None);
    let (first, second) = (trial.tag_id(tag).await, trial.tag_id(tag).await);
    assert_ne!(first, second, "an id was kept");
    assert_eq!(live(trial, tag).await, None);
}

/// That the tag has an id, or gets one, which is none of `old`.
async fn assert_open(trial: &Trial, tag: &StoredKey, old: &[Token]) {
    let id = trial.tag_id(tag).await;
    assert!(!old.contains(&id), "an old id came back");
    assert_eq!(live(trial, tag).await, Some(id));
    assert_eq!(trial.tag_id(tag).await, id);
}

pub(super) async fn a_closed_tag_has_no_id_until_it_is_opened(trial: Trial) {
    let (tag, unknown) = (trial.tag("t"), trial.tag("unknown"));
    let old = trial.tag_id(&tag).await;
    for tag in [tag, unknown] {
        let writer = close(&trial, &tag, LONG).await;
        assert_closed(&trial, &tag).await;
        let made_up = trial.tag_id(&tag).await;
        open(&trial, &tag, writer, Duration::ZERO).await;
        assert_open(&trial, &tag, &[old, made_up]).await;
    }
}

pub(super) async fn a_tag_is_closed_until_all_writers_have_opened_it(trial: Trial) {
    let tag = trial.tag("t");
    let mut writers = Vec::new();
    for _ in 0..3 {
        writers.push(close(&trial, &tag, LONG).await);
    }
    let last = writers.remove(1);
    for writer in writers {
        // The second time it is no writer's any more.
        for _ in 0..2 {
            open(&trial, &tag, writer, Duration::ZERO).await;
            assert_closed(&trial, &tag).await;
        }
    }
    open(&trial, &tag, last, Duration::ZERO).await;
    assert_open(&trial, &tag, &[]).await;
}

pub(super) async fn an_invalidation_does_not_open_what_a_writer_closed(trial: Trial) {
    let tag = trial.tag("t");
    close(&trial, &tag, LONG).await;
    for grace in [Duration::ZERO, SHORT] {
        invalidate(&trial, &tag, grace).await;
        assert_closed(&trial, &tag).await;
    }
    let second = close(&trial, &tag, LONG).await;
    invalidate(&trial, &tag, Duration::ZERO).await;
    open(&trial, &tag, second, Duration::ZERO).await;
    assert_closed(&trial, &tag).await;
}

pub(super) async fn a_closed_tag_opens_by_itself(trial: Trial) {
    let tag = trial.tag("t");
    let old = trial.tag_id(&tag).await;
    close(&trial, &tag, SHORT).await;
    eventually!("an id is kept", {
        let id = trial.tag_id(&tag).await;
        live(&trial, &tag).await == Some(id)
    });
    assert_open(&trial, &tag, &[old]).await;
}

pub(super) async fn of_two_writers_of_a_tag_the_later_end_counts(trial: Trial) {
    let (tag, reverse, marker) = (trial.tag("t"), trial.tag("reverse"), trial.tag("marker"));
    for (tag, ttls) in [(&tag, [SHORT, LONG]), (&reverse, [LONG, SHORT]), (&marker, [SHORT, SHORT])] {
        for ttl in ttls {
            close(&trial, tag, ttl).await;
        }
    }
    eventually!("the marker opens", {
        let id = trial.tag_id(&marker).await;
        live(&trial, &marker).await == Some(id)
    });
    for tag in [tag, reverse] {
        assert_closed(&trial, &tag).await;
    }
}

pub(super) async fn an_opened_tag_can_be_invalidated(trial: Trial) {
    let tag = trial.tag("t");
    let writer = close(&trial, &tag, LONG).await;
    open(&trial, &tag, writer, Duration::ZERO).await;
    let old = trial.tag_id(&tag).await;
    invalidate(&trial, &tag, Duration::ZERO).await;
    assert_open(&trial, &tag, &[old]).await;
    // An opening too many, after a close that ended by itself, is an invalidation.
    let old = trial.tag_id(&tag).await;
    open(&trial, &tag, writer, Duration::ZERO).await;
    assert_open(&trial, &tag, &[old]).await;
}

pub(super) async fn an_invalidation_with_grace_leaves_no_id_for_so_long(trial: Trial) {
    let (tag, brief) = (trial.tag("t"), trial.tag("brief"));
    let old = [trial.tag_id(&tag).await, trial.tag_id(&brief).await];
    invalidate(&trial, &tag, LONG).await;
    assert_closed(&trial, &tag).await;
    invalidate(&trial, &brief, SHORT).await;
    eventually!("an id is kept", {
        let id = trial.tag_id(&brief).await;
        live(&trial, &brief).await == Some(id)
    });
    assert_open(&trial, &brief, &old).await;
    assert_closed(&trial, &tag).await;
}

pub(super) async fn an_opening_with_grace_leaves_the_tag_closed_for_so_long(trial: Trial) {
    let (tag, brief) = (trial.tag("t"), trial.tag("brief"));
    for (tag, grace) in [(&tag, LONG), (&brief, SHORT)] {
        let writer = close(&trial, tag, LONG).await;
        open(&trial, tag, writer, grace).await;
    }
    assert_closed(&trial, &tag).await;
    eventually!("an id is kept, though the writer's bound is not over", {
        let id = trial.tag_id(&brief).await;
        live(&trial, &brief).await == Some(id)
    });
}

pub(super) async fn nothing_shortens_the_grace_of_a_tag(trial: Trial) {
    let tag = trial.tag("t");
    invalidate(&trial, &tag, LONG).await;
    for grace in [Duration::ZERO, Duration::from_millis(1)] {
        invalidate(&trial, &tag, grace).await;
        assert_closed(&trial, &tag).await;
        let writer = close(&trial, &tag, SHORT).await;
        open(&trial, &tag, writer, grace).await;
        assert_closed(&trial, &tag).await;
    }
}

pub(super) async fn of_two_writers_of_a_tag_each_has_its_grace(trial: Trial) {
    let (tag, during) = (trial.tag("t"), trial.tag("during"));
    let writers = [close(&trial, &tag, LONG).await, close(&trial, &during, LONG).await];
    let second = close(&trial, &tag, LONG).await;
    open(&trial, &tag, second, LONG).await;
    invalidate(&trial, &during, LONG).await;
    for (tag, writer) in [tag, during].into_iter().zip(writers) {
        open(&trial, &tag, writer, Duration::ZERO).await;
        assert_closed(&trial, &tag).await;
    }
}

/// Were writers only counted, this one's late opening would take the other's place.
pub(super) async fn a_writer_that_ended_by_itself_opens_no_other_ones_tag(trial: Trial) {
    let (tag, marker) = (trial.tag("t"), trial.tag("marker"));
    let late = close(&trial, &tag, SHORT).await;
    close(&trial, &marker, SHORT).await;
    let other = close(&trial, &tag, LONG).await;
    eventually!("the marker opens", {
        let id = trial.tag_id(&marker).await;
        live(&trial, &marker).await == Some(id)
    });
    open(&trial, &tag, late, Duration::ZERO).await;
    assert_closed(&trial, &tag).await;
    open(&trial, &tag, other, Duration::ZERO).await;
    assert_open(&trial, &tag, &[]).await;
}

pub(super) async fn a_hundred_writers_of_a_tag_are_all_waited_for(trial: Trial) {
    let tag = trial.tag("t");
    let mut writers = Vec::new();
    for _ in 0..100 {
        writers.push(close(&trial, &tag, LONG).await);
    }
    // The first one is the last to open it.
    while let Some(writer) = writers.pop() {
        assert_eq!(live(&trial, &tag).await, None);
        open(&trial, &tag, writer, Duration::ZERO).await;
    }
    assert_open(&trial, &tag, &[]).await;
}
