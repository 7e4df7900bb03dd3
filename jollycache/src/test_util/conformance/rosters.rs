//! Rosters of near caches: memberships, announcements, and the expulsion of members that do not acknowledge them.

use std::time::Duration;

use super::trial::{Trial, soon};
use crate::backend::state::near::{
    AckWait, Announced, Announcement, Expulsion, MAX_MEMBERS, MAX_NEAR_LEASE, Position, RenewRequest,
    Renewed, Standing,
};
use crate::backend::{Delivery, Subscription, Token};
use crate::clock;
use crate::key::StoredKey;

const LEASE: Duration = Duration::from_millis(700);

fn roster(trial: &Trial) -> StoredKey {
    trial.key("#near")
}

async fn renew(trial: &Trial, member: Token, incarnation: Option<Token>) -> (Token, Renewed) {
    let fresh = Token::random();
    let request = RenewRequest { member, incarnation, fresh, lease: LEASE, settles: None };
    (fresh, trial.rosters().renew_right(&roster(trial), &request).await.expect("a renewal"))
}

/// A new member and its incarnation.
async fn joined(trial: &Trial) -> (Token, Token) {
    let member = Token::random();
    let (incarnation, renewed) = renew(trial, member, None).await;
    assert_eq!(renewed.standing, Standing::New);
    (member, incarnation)
}

async fn announce(trial: &Trial, message: &str) -> Option<Announced> {
    let announcement = Announcement { message: message.as_bytes(), fresh: Token::random(), expected: false };
    trial.rosters().announce(&roster(trial), &announcement).await.expect("an announcement")
}

async fn expel(trial: &Trial, announced: Announced) {
    let expulsion =
        AckWait::new(announced, &[], clock::now()).expulsion().expect("members that did not answer");
    trial.rosters().expel(&roster(trial), &expulsion).await.expect("an expulsion");
}

async fn subscribe(trial: &Trial) -> Subscription {
    trial.topics().subscribe(&roster(trial)).await.expect("a subscription")
}

async fn next(subscription: &mut Subscription) -> (Position, bytes::Bytes) {
    let Delivery::Message(published) = soon("an announcement", subscription.next()).await else {
        panic!("an announcement was missed");
    };
    Position::split(&published).expect("a position")
}

pub(super) async fn a_process_joins_once_and_is_kept_after_that(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    for _ in 0..2 {
        assert_eq!(renew(&trial, member, Some(incarnation)).await.1.standing, Standing::Kept);
    }
    let (second, renewed) = renew(&trial, member, Some(Token::random())).await;
    assert_eq!(renewed.standing, Standing::New, "another incarnation is not the one in the roster");
    assert_eq!(renew(&trial, member, Some(incarnation)).await.1.standing, Standing::New);
    assert_eq!(renew(&trial, member, Some(second)).await.1.standing, Standing::New);
}

pub(super) async fn an_announcement_has_the_next_number_and_the_members(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    let position = renew(&trial, member, Some(incarnation)).await.1.position;
    let first = announce(&trial, "").await.expect("an announcement");
    assert_eq!((first.position.epoch, first.position.number), (position.epoch, position.number + 1));
    let [found] = first.members[..] else { panic!("one member: {first:?}") };
    assert_eq!((found.member, found.incarnation, found.lease), (member, incarnation, LEASE));
    assert_eq!(found.renewed, position.number);
    assert_eq!(renew(&trial, member, Some(incarnation)).await.1.position, first.position);
    let (other, _) = joined(&trial).await;
    let second = announce(&trial, "").await.expect("an announcement");
    assert_eq!(second.position.number, first.position.number + 1);
    let mut members: Vec<_> = second.members.iter().map(|found| (found.member.0, found.renewed)).collect();
    members.sort_unstable();
    let mut expected = vec![(member.0, first.position.number), (other.0, first.position.number)];
    expected.sort_unstable();
    assert_eq!(members, expected);
}

pub(super) async fn a_lease_in_a_roster_has_an_upper_bound(trial: Trial) {
    let request = RenewRequest {
        member: Token::random(),
        incarnation: None,
        fresh: Token::random(),
        lease: Duration::from_secs(3600),
        settles: None,
    };
    trial.rosters().renew_right(&roster(&trial), &request).await.expect("a renewal");
    let announced = announce(&trial, "").await.expect("an announcement");
    assert_eq!(announced.members[0].lease, MAX_NEAR_LEASE);
}

pub(super) async fn announcements_are_published_in_the_order_of_their_numbers(trial: Trial) {
    let mut subscription = subscribe(&trial).await;
    joined(&trial).await;
    let mut expected = Vec::new();
    for message in ["", "one", "\u{0}two"] {
        let announced = announce(&trial, message).await.expect("an announcement");
        expected.push((announced.position, message));
    }
    for (position, message) in expected {
        assert_eq!(next(&mut subscription).await, (position, bytes::Bytes::from(message)));
    }
}

pub(super) async fn nothing_is_announced_without_near_caches(trial: Trial) {
    assert_eq!(announce(&trial, "unheard").await, None);
    // A subscriber may be a member that a lost roster had.
    let mut subscription = subscribe(&trial).await;
    joined(&trial).await;
    let heard = announce(&trial, "heard").await.expect("an announcement");
    assert_eq!(next(&mut subscription).await, (heard.position, "heard".into()));
}

pub(super) async fn a_member_that_does_not_acknowledge_is_expelled(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    expel(&trial, announce(&trial, "").await.expect("an announcement")).await;
    let (_, renewed) = renew(&trial, member, Some(incarnation)).await;
    assert_eq!(renewed.standing, Standing::New);
}

pub(super) async fn a_member_that_renewed_since_is_not_expelled(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    let announced = announce(&trial, "").await.expect("an announcement");
    renew(&trial, member, Some(incarnation)).await;
    expel(&trial, announced).await;
    assert_eq!(renew(&trial, member, Some(incarnation)).await.1.standing, Standing::Kept);
}

pub(super) async fn an_expulsion_of_another_epoch_changes_nothing(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    let mut announced = announce(&trial, "").await.expect("an announcement");
    announced.position.epoch = Token::random();
    expel(&trial, announced).await;
    assert_eq!(renew(&trial, member, Some(incarnation)).await.1.standing, Standing::Kept);
}

pub(super) async fn a_roster_is_settled_by_the_report_of_a_member(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    let epoch = renew(&trial, member, Some(incarnation)).await.1.position.epoch;
    let request = RenewRequest {
        member,
        incarnation: Some(incarnation),
        fresh: Token::random(),
        lease: LEASE,
        settles: Some(epoch),
    };
    trial.rosters().renew_right(&roster(&trial), &request).await.expect("a renewal");
    assert!(announce(&trial, "").await.expect("an announcement").settled);
    let leaves = Expulsion {
        announcement: Position { epoch, number: u64::MAX },
        incarnations: vec![incarnation],
        settles: false,
    };
    trial.rosters().expel(&roster(&trial), &leaves).await.expect("an expulsion");
    assert_eq!(announce(&trial, "").await, None, "the last member left");
}

pub(super) async fn a_process_beyond_the_most_members_is_refused(trial: Trial) {
    let (member, incarnation) = joined(&trial).await;
    for _ in 1..MAX_MEMBERS {
        joined(&trial).await;
    }
    assert_eq!(renew(&trial, Token::random(), None).await.1.standing, Standing::Refused);
    assert_eq!(renew(&trial, member, Some(incarnation)).await.1.standing, Standing::Kept);
}
