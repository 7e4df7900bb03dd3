use std::time::{Duration, Instant};

use super::*;
use crate::clock;
use crate::entry::{RegionId, RunId, Token};
use crate::key::StoredKey;

const LEASE: Duration = Duration::from_millis(500);
const RUN: RunId = RunId([1; 4]);
const REGION: RegionId = RegionId(3);
const SLOTS: usize = 4096;

fn token(number: u8) -> Token {
    Token([number; 16])
}

fn at(start: Instant, ms: u64) -> Instant {
    start + Duration::from_millis(ms)
}

fn key(name: &str) -> StoredKey {
    StoredKey::found(name)
}

fn names(keys: &[&str], tags: &[&str]) -> EvictionScope {
    let names = |names: &[&str]| names.iter().map(|name| key(name)).collect();
    EvictionScope::Names { keys: names(keys), tags: names(tags) }
}

/// A process with a stamp of one value, of the key `k` with the tag `t`.
struct Process {
    start: Instant,
    member: Member,
    generations: Generations,
    stamp: Stamp,
}

impl Process {
    fn new() -> Self {
        let generations = Generations::new(SLOTS);
        let stamp = generations.stamp(generations.present(), REGION, &key("k"), &[key("t")]);
        Process { start: clock::now(), member: Member::new(token(9), LEASE), generations, stamp }
    }

    fn at(&self, ms: u64) -> Instant {
        at(self.start, ms)
    }

    /// Renews at one time, and has the answer at another.
    fn renew(&mut self, roster: &mut Roster, fresh: u8, sent_ms: u64, answered_ms: u64) -> Standing {
        let renewal = self.member.renew(token(fresh), self.at(sent_ms));
        let answer = roster.renew(&renewal.request);
        self.member.renewed(renewal, answer, self.at(answered_ms), &self.generations);
        answer.standing
    }

    fn read(&mut self) {
        self.stamp = self.generations.stamp(self.generations.present(), REGION, &key("k"), &[key("t")]);
    }

    fn is_current(&self) -> bool {
        self.generations.is_current(&self.stamp)
    }
}

fn roster() -> Roster {
    Roster::first(RUN, token(100))
}

#[test]
fn an_eviction_makes_outdated_what_it_names_and_nothing_else() {
    let mut process = Process::new();
    let others = [names(&["other", "t"], &["k"]), EvictionScope::Region(RegionId(4))];
    for scope in &others {
        process.generations.evict(scope);
    }
    assert!(process.is_current());
    let own = [names(&["k"], &[]), names(&[], &["t"]), EvictionScope::Region(REGION), EvictionScope::All];
    for scope in &own {
        process.generations.evict(scope);
        assert!(!process.is_current(), "{scope:?}");
        process.read();
        assert!(process.is_current(), "read after {scope:?}");
    }
}

#[test]
fn tags_that_the_reader_did_not_declare_count_from_before_the_read() {
    let generations = Generations::new(SLOTS);
    let since = generations.present();
    generations.evict(&names(&[], &["undeclared"]));
    let stamp = generations.stamp(since, REGION, &key("k"), &[key("undeclared")]);
    assert!(!generations.is_current(&stamp));
}

#[test]
fn names_that_share_a_slot_evict_each_other() {
    let generations = Generations::new(0);
    let stamp = generations.stamp(generations.present(), REGION, &key("k"), []);
    generations.evict(&names(&["other"], &[]));
    assert!(!generations.is_current(&stamp));
}

#[test]
fn a_right_lasts_for_a_lease_from_before_it_was_asked_for_less_a_margin() {
    let (mut process, mut roster) = (Process::new(), roster());
    assert!(!process.member.may_serve(process.at(0)));
    assert_eq!(process.renew(&mut roster, 1, 100, 300), Standing::New);
    assert!(process.member.may_serve(process.at(594)));
    assert!(!process.member.may_serve(process.at(595)));
}

#[test]
fn an_answer_that_comes_after_its_right_has_ended_gives_none() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 600);
    assert!(!process.member.may_serve(process.at(600)));
}

#[test]
fn a_lease_has_an_upper_bound() {
    let member = &mut Member::new(token(9), Duration::from_secs(3600));
    assert_eq!(member.renew(token(1), clock::now()).request.lease, MAX_NEAR_LEASE);
}

#[test]
fn a_member_that_joins_evicts_and_one_that_stays_does_not() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 1);
    assert!(!process.is_current());
    process.read();
    assert_eq!(process.renew(&mut roster, 2, 100, 101), Standing::Kept);
    assert!(process.is_current());
    assert_eq!(process.member.incarnation(), Some(token(1)));
}

#[test]
fn a_member_that_missed_an_announcement_evicts_before_it_serves() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 1);
    process.read();
    roster.announce().unwrap();
    assert_eq!(process.renew(&mut roster, 2, 100, 101), Standing::Kept);
    assert!(!process.is_current());
    assert_eq!(process.member.position(), Some(roster.position()));
}

#[test]
fn an_announcement_that_is_ahead_of_a_renewals_answer_counts() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 1);
    let renewal = process.member.renew(token(2), process.at(100));
    let answer = roster.renew(&renewal.request);
    let announced = roster.announce().unwrap();
    process.member.receive(announced.position, &names(&["other"], &[]), &process.generations);
    process.read();
    process.member.renewed(renewal, answer, process.at(101), &process.generations);
    assert!(process.is_current());
    assert_eq!(process.member.position(), Some(announced.position));
}

#[test]
fn the_next_announcement_evicts_what_it_names_and_any_other_one_everything() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 1);
    let numbers: Vec<_> = (0..4).map(|_| roster.announce().unwrap().position).collect();
    let next_epoch = Position { epoch: token(101), number: numbers[2].number + 1 };
    for (position, is_next) in [
        (numbers[0], true),
        (numbers[0], false),
        (numbers[1], true),
        (numbers[3], false),
        (numbers[2], false),
        (next_epoch, false),
    ] {
        process.read();
        process.member.receive(position, &names(&["other"], &[]), &process.generations);
        assert_eq!(process.is_current(), is_next, "{position:?}");
        assert_eq!(process.member.position(), Some(position));
    }
}

#[test]
fn the_answer_to_an_earlier_renewal_counts_no_more() {
    let (mut process, mut roster) = (Process::new(), roster());
    let late = process.member.renew(token(1), process.at(0));
    let answer = roster.renew(&late.request);
    process.renew(&mut roster, 2, 10, 11);
    process.member.renewed(late, answer, process.at(12), &process.generations);
    assert_eq!(process.member.incarnation(), Some(token(2)));
    assert_eq!(process.member.right_until(), Some(process.at(10 + 495)));
}

#[test]
fn who_leaves_has_no_right_and_joins_anew() {
    let (mut process, mut roster) = (Process::new(), roster());
    process.renew(&mut roster, 1, 0, 1);
    let under_way = process.member.renew(token(2), process.at(2));
    let answer = roster.renew(&under_way.request);
    roster.expel(&process.member.leave().unwrap());
    assert!(roster.members().is_empty());
    process.member.renewed(under_way, answer, process.at(3), &process.generations);
    assert!(!process.member.may_serve(process.at(3)));
    assert_eq!(process.renew(&mut roster, 3, 4, 5), Standing::New);
}

#[test]
fn a_process_beyond_the_most_members_has_no_right() {
    let mut roster = roster();
    let request =
        RenewRequest { member: token(0), incarnation: None, fresh: token(1), lease: LEASE, settles: None };
    for number in 0..MAX_MEMBERS {
        let member = Token(u128::try_from(number).unwrap().to_be_bytes());
        assert_eq!(roster.renew(&RenewRequest { member, ..request }).standing, Standing::New);
    }
    let mut process = Process::new();
    assert_eq!(process.renew(&mut roster, 1, 0, 1), Standing::Refused);
    assert!(!process.member.may_serve(process.at(1)));
    assert_eq!(roster.members().len(), MAX_MEMBERS);
}

#[test]
fn nothing_is_announced_where_no_process_can_be_a_member() {
    let (mut process, mut roster) = (Process::new(), roster());
    assert_eq!(roster.announce(), None);
    process.renew(&mut roster, 1, 0, 1);
    assert!(roster.announce().is_some());
    roster.expel(&process.member.leave().unwrap());
    assert_eq!(roster.announce(), None);
    let mut unsettled = Roster::in_run(None, RUN, token(101));
    assert!(unsettled.announce().is_some());
}

#[test]
fn a_published_announcement_is_split_into_its_position_and_its_message() {
    let position = Position { epoch: token(7), number: 0x0102_0304_0506 };
    let published = position.publish(b"message");
    assert_eq!(Position::split(&published).unwrap(), (position, "message".into()));
    for length in 0..22 {
        assert_eq!(Position::split(&published.slice(..length)), None);
    }
    assert_eq!(Position::split(&published.slice(..22)).unwrap(), (position, "".into()));
}

#[test]
fn an_eviction_waits_for_each_member_or_a_lease_from_the_answer() {
    let (start, mut roster) = (clock::now(), roster());
    for (member, lease_ms) in [(1, 500), (2, 900)] {
        let (lease, settles) = (Duration::from_millis(lease_ms), None);
        let member = token(member);
        roster.renew(&RenewRequest { member, incarnation: None, fresh: member, lease, settles });
    }
    let announced = roster.announce().unwrap();
    let mut wait = AckWait::new(announced.clone(), &[], start);
    assert_eq!(wait.ends(), Some(at(start, 900)));
    wait.acknowledge(token(2));
    assert!(!wait.is_over(at(start, 499)) && wait.is_over(at(start, 500)));
    let expulsion = wait.expulsion().unwrap();
    assert_eq!((&expulsion.incarnations[..], expulsion.settles), (&[token(1)][..], false));
    wait.acknowledge(token(1));
    assert!(wait.is_over(start) && wait.expulsion().is_none());
    let wait = AckWait::new(announced, &[token(1), token(2), token(3)], start);
    assert!(wait.is_over(start), "acknowledgements that came before the answer count");
}

#[test]
fn members_are_unknown_until_the_longest_lease_has_passed_since_a_loss() {
    let (start, mut roster) = (clock::now(), Roster::in_run(Some(roster()), RunId([2; 4]), token(101)));
    let wait = AckWait::new(roster.announce().unwrap(), &[], start);
    assert_eq!(wait.ends(), Some(start + MAX_NEAR_LEASE));
    let other = Roster::in_run(None, RunId([2; 4]), token(102)).announce().unwrap();
    roster.expel(&AckWait::new(other, &[], start).expulsion().unwrap());
    assert!(!roster.is_settled(), "that was about another epoch");
    roster.expel(&wait.expulsion().unwrap());
    assert!(roster.is_settled());
}

#[test]
fn a_member_reports_that_the_time_has_passed() {
    let (mut process, mut roster) = (Process::new(), Roster::in_run(None, RUN, token(100)));
    process.renew(&mut roster, 1, 0, 10);
    process.renew(&mut roster, 2, 2009, 2010);
    assert!(!roster.is_settled());
    process.renew(&mut roster, 3, 2010, 2011);
    assert!(roster.is_settled());
}

#[test]
fn a_member_is_expelled_unless_it_has_renewed_or_joined_since() {
    let (start, mut roster) = (clock::now(), roster());
    let [mut dead, mut renewed, mut joined] = [1, 2, 3].map(|id| Member::new(token(id), LEASE));
    let renew = |roster: &mut Roster, member: &mut Member, fresh| {
        let renewal = member.renew(token(fresh), start);
        let answer = roster.renew(&renewal.request);
        member.renewed(renewal, answer, start, &Generations::new(1));
    };
    renew(&mut roster, &mut dead, 11);
    renew(&mut roster, &mut renewed, 12);
    renew(&mut roster, &mut joined, 13);
    let expulsion = AckWait::new(roster.announce().unwrap(), &[], start).expulsion().unwrap();
    renew(&mut roster, &mut renewed, 22);
    joined.leave();
    renew(&mut roster, &mut joined, 23);
    roster.expel(&expulsion);
    let left: Vec<_> = roster.members().iter().map(|found| found.incarnation).collect();
    assert_eq!(left, [token(12), token(23)]);
}
