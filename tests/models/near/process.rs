//! A process with a near cache: renewals, messages, reads.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use jollycache::backend::Token;
use jollycache::backend::state::near::{
    Generation, Generations, Member, Position, Renewal, Renewed, Roster, Stamp, Standing,
};

use super::world::{Broken, KEY, LEASE, Names, State, TAG, epoch_of};
use super::writer::Kind;
use super::{NearCaches, loses_nothing};
use crate::explorer::Steps;
use crate::world::{REGION, token};

/// So many that the names of the model have one each.
const SLOTS: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) member: Member,
    pub(super) generations: Generations,
    /// The version that is kept, and what it was read as of.
    kept: Option<(u8, Generation)>,
    read: Option<Read>,
    renewal: Option<UnderWay>,
    pub(super) inbox: VecDeque<Message>,
}

/// A renewal that the store has answered.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    renewal: Renewal,
    sent: Instant,
    answer: Renewed,
}

/// An announcement on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) position: Position,
    /// What kind of writer it is from.
    pub(super) kind: Kind,
    /// The writer that waits for its acknowledgement.
    pub(super) writer: Option<usize>,
}

/// A read that the store has answered. That its generation was noted when it ran, and no earlier, keeps the most.
#[derive(Debug, Clone, Copy)]
struct Read {
    version: u8,
    since: Generation,
}

impl Process {
    pub(super) fn new(i: usize) -> Self {
        Process {
            member: Member::new(id(i), LEASE),
            generations: Generations::new(SLOTS),
            kept: None,
            read: None,
            renewal: None,
            inbox: VecDeque::new(),
        }
    }

    /// Whether a hit may return a version below `version`.
    pub(super) fn serves_below(&self, version: u8, now: Instant) -> bool {
        self.member.may_serve(now) && self.kept.is_some_and(|(kept, _)| kept < version)
    }

    pub(super) fn tokens(&self, used: &mut Vec<Token>) {
        used.extend(self.member.incarnation());
        used.extend(epoch_of(self.member.position()));
        used.extend(self.member.epoch().map(|(epoch, _)| epoch));
        used.extend(self.inbox.iter().map(|message| message.position.epoch));
        if let Some(UnderWay { renewal, answer, .. }) = self.renewal {
            used.extend([renewal.request.fresh, answer.position.epoch]);
        }
    }

    pub(super) fn hash_at<H: Hasher>(&self, state: &State, names: &mut Names, hasher: &mut H) {
        self.hash_member(state, names, hasher);
        if self.counts_as_member(state) {
            let read = self.read.map(|read| (read.version, self.is_current(read.since, None)));
            (self.kept.map(|(version, _)| version), read).hash(hasher);
        } else if self.member.may_serve(state.now) {
            self.kept.map(|(version, _)| version).hash(hasher);
        }
        self.inbox.len().hash(hasher);
        for message in &self.inbox {
            (names.of(message.position), message.kind, message.writer).hash(hasher);
        }
        let renewal = self.renewal.map(|UnderWay { renewal, sent, answer }| {
            let fresh = (answer.standing == Standing::New).then(|| names.of_token(renewal.request.fresh));
            (answer.standing, names.of(answer.position), fresh, state.until(Some(sent + LEASE)))
        });
        renewal.hash(hasher);
    }

    fn hash_member<H: Hasher>(&self, state: &State, names: &mut Names, hasher: &mut H) {
        let member = &self.member;
        state.until(member.right_until()).hash(hasher);
        let answer = self.renewal.map(|renewal| renewal.answer.position);
        let roster = state.roster.as_ref().map(Roster::position);
        let is_answered =
            |epoch| [roster, answer].into_iter().flatten().any(|position| position.epoch == epoch);
        let epoch = member.epoch().filter(|(epoch, _)| is_answered(*epoch));
        epoch.map(|(epoch, since)| (names.of_token(epoch), state.since(since))).hash(hasher);
        if self.counts_as_member(state) {
            member.incarnation().map(|own| names.of_token(own)).hash(hasher);
            let is_announced = |epoch| self.inbox.iter().any(|message| message.position.epoch == epoch);
            let position =
                member.position().filter(|last| is_answered(last.epoch) || is_announced(last.epoch));
            position.map(|position| names.of(position)).hash(hasher);
        }
    }

    /// Whether it may have a right again without evicting everything.
    fn counts_as_member(&self, state: &State) -> bool {
        let has_answer = self.renewal.is_some_and(|renewal| renewal.answer.standing == Standing::Kept);
        let members = state.roster.iter().flat_map(Roster::members);
        let is_listed =
            members.map(|found| found.incarnation).any(|found| Some(found) == self.member.incarnation());
        has_answer || is_listed || state.broken.is_some()
    }

    fn stamp(&self, since: Generation, broken: Option<Broken>) -> Stamp {
        let tags = (broken != Some(Broken::ComparesTags)).then_some(&*TAG);
        self.generations.stamp(since, REGION, &KEY, tags)
    }

    fn is_current(&self, since: Generation, broken: Option<Broken>) -> bool {
        self.generations.is_current(&self.stamp(since, broken))
    }

    /// What is not current never will be, and a read that is not to be kept makes no difference.
    fn drop_outdated(&mut self, broken: Option<Broken>) {
        self.kept = self.kept.filter(|&(_, since)| self.is_current(since, broken));
        if broken != Some(Broken::ComparesGeneration) {
            self.read = self.read.filter(|read| self.is_current(read.since, broken));
        }
    }

    /// A broken rule leaves what is kept, and the reads under way, as they are.
    fn leave_everything(&mut self) {
        let present = self.generations.present();
        self.kept = self.kept.map(|(version, _)| (version, present));
        self.leave_flights();
    }

    fn leave_flights(&mut self) {
        let since = self.generations.present();
        self.read = self.read.map(|read| Read { since, ..read });
    }
}

pub(super) fn id(i: usize) -> Token {
    token(200 + u8::try_from(i).expect("few processes"))
}

impl NearCaches {
    /// The steps of process `i`.
    pub(super) fn serve(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        self.renew(state, i, steps);
        self.hear(state, i, steps);
        self.read(state, i, steps);
    }

    fn renew(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let Some(under_way) = next.processes[i].renewal.take() else {
            let fresh = state.fresh_token();
            let renewal = next.processes[i].member.renew(fresh, state.now);
            let answer = next.roster(fresh).renew(&renewal.request);
            next.processes[i].renewal = Some(UnderWay { renewal, sent: state.now, answer });
            if loses_nothing(i) {
                self.answer(&mut next, i);
            }
            return steps.add("process", i, "renews its right", next);
        };
        steps.add("process", i, "loses the answer to its renewal", next.clone());
        next.processes[i].renewal = Some(under_way);
        self.answer(&mut next, i);
        steps.add("process", i, "has the answer to its renewal", next);
    }

    fn answer(&self, state: &mut State, i: usize) {
        let (now, process) = (state.now, &mut state.processes[i]);
        let Some(UnderWay { mut renewal, mut answer, .. }) = process.renewal.take() else { return };
        let Process { member, generations, .. } = process;
        if self.is_broken(Broken::CountsFromSending) {
            renewal = member.renew(renewal.request.fresh, now);
        }
        if self.is_broken(Broken::ComparesEpoch) {
            answer.position.epoch = epoch_of(member.position()).unwrap_or(answer.position.epoch);
        }
        member.renewed(renewal, answer, now, generations);
        let rule = match answer.standing {
            Standing::Kept => Broken::CatchesUp,
            Standing::New | Standing::Refused => Broken::EvictsOnLapse,
        };
        if self.is_broken(rule) {
            process.leave_everything();
        }
        process.drop_outdated(self.broken);
    }

    fn hear(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let Some(message) = next.processes[i].inbox.pop_front() else { return };
        if !loses_nothing(i) {
            steps.add("process", i, "loses an announcement", next.clone());
        }
        self.receive(&mut next.processes[i], &message);
        let waits = message.writer.filter(|&writer| state.writers[writer].wait.is_some());
        if let Some(writer) = waits {
            if !loses_nothing(i) {
                steps.add("process", i, "processes an announcement, and its answer is lost", next.clone());
            }
            next.writers[writer].acknowledge(id(i));
        }
        steps.add("process", i, "processes an announcement", next);
    }

    fn receive(&self, process: &mut Process, message: &Message) {
        let mut position = message.position;
        let last = process.member.position();
        let is_old = last.is_some_and(|last| position.number <= last.number);
        if is_old && self.is_broken(Broken::OldNumberIsAGap) {
            return;
        }
        if self.is_broken(Broken::ComparesEpoch) {
            position.epoch = epoch_of(last).unwrap_or(position.epoch);
        }
        process.member.receive(position, &message.kind.scope(), &process.generations);
        if self.is_broken(Broken::VoidsFlights) {
            process.leave_flights();
        }
        process.drop_outdated(self.broken);
    }

    fn read(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let (mut next, process) = (state.clone(), &state.processes[i]);
        let what = match process.read {
            None if process.kept.is_some() && process.member.may_serve(state.now) => return,
            None => {
                let version = *next.stored.get_or_insert(state.source.committed);
                let read = Read { version, since: process.generations.present() };
                // Past an intent the value is returned, and kept nowhere.
                let is_kept = !state.intent || self.is_broken(Broken::KeepsNoBypass);
                next.stored = next.stored.filter(|_| !state.intent);
                next.processes[i].read = Some(read).filter(|_| is_kept);
                "reads the store"
            }
            Some(Read { version, since }) => {
                let present = process.generations.present();
                let since = if self.is_broken(Broken::ComparesGeneration) { present } else { since };
                let process = &mut next.processes[i];
                process.read = None;
                if process.is_current(since, self.broken) {
                    process.kept = Some((version, since));
                }
                "ends its read"
            }
        };
        steps.add("process", i, what, next);
    }
}
