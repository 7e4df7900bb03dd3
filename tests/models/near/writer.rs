//! A writer: it changes the source and the store, announces, waits, and acknowledges.

use std::hash::{Hash, Hasher};
use std::time::Instant;

use jollycache::backend::Token;
use jollycache::backend::state::near::{AckWait, EvictionScope, Expulsion};
use jollycache::key::StoredKey;

use super::NearCaches;
use super::process::Message;
use super::world::{Broken, KEY, Names, OTHER_KEY, State, TAG};
use crate::explorer::Steps;
use crate::world::REGION;

/// How a writer goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Commits, then evicts the key.
    Key,
    /// Commits, then evicts the tag.
    Tag,
    /// Commits, then evicts what matches a pattern.
    Pattern,
    /// Commits, then stores the value (`update`, or `set` by hand).
    Store,
    /// Announces a write, commits, and ends it with an eviction.
    Around,
    /// Announces a write, commits, and ends it with the value.
    Put,
    /// Evicts another key, of which nothing is kept.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum At {
    Start,
    /// Its intent is there.
    Begun,
    BeginAnnounced {
        begin: Option<Instant>,
    },
    Committed {
        begin: Option<Instant>,
    },
    /// The store is changed. When counts only where a rule is broken.
    Changed(Option<Instant>),
    Announced,
    Acknowledged,
    /// It stopped between its commit and its end.
    Dead {
        begin: Option<Instant>,
    },
    Done,
}

#[derive(Debug, Clone)]
pub(super) struct Writer {
    kind: Kind,
    pub(super) at: At,
    /// What it committed.
    pub(super) version: u8,
    pub(super) wait: Option<AckWait>,
    expulsion: Option<Expulsion>,
}

fn names<const K: usize, const T: usize>(keys: [&StoredKey; K], tags: [&StoredKey; T]) -> EvictionScope {
    EvictionScope::Names { keys: keys.map(Clone::clone).to_vec(), tags: tags.map(Clone::clone).to_vec() }
}

impl Kind {
    pub(super) fn scope(self) -> EvictionScope {
        match self {
            Kind::Key | Kind::Store | Kind::Around | Kind::Put => names([&*KEY], []),
            Kind::Tag => names([], [&*TAG]),
            Kind::Other => names([&*OTHER_KEY], []),
            Kind::Pattern => EvictionScope::Region(REGION),
        }
    }

    fn begins(self) -> bool {
        matches!(self, Kind::Around | Kind::Put)
    }
}

impl Writer {
    pub(super) fn new(kind: Kind) -> Self {
        Writer { kind, at: At::Start, version: 0, wait: None, expulsion: None }
    }

    pub(super) fn acknowledge(&mut self, member: Token) {
        if let Some(wait) = &mut self.wait {
            wait.acknowledge(member);
        }
    }

    pub(super) fn tokens(&self, used: &mut Vec<Token>) {
        let waited_for = self.wait.as_ref().and_then(AckWait::expulsion);
        for expulsion in self.expulsion.iter().chain(&waited_for) {
            used.push(expulsion.announcement.epoch);
            used.extend(&expulsion.incarnations);
        }
    }

    pub(super) fn hash_at<H: Hasher>(&self, state: &State, names: &mut Names, hasher: &mut H) {
        let is_done = matches!(self.at, At::Acknowledged | At::Done);
        (!is_done).then_some(self.version).hash(hasher);
        let mut rename = |expulsion: &Expulsion| {
            let incarnations: Vec<_> =
                expulsion.incarnations.iter().map(|own| names.of_token(*own)).collect();
            (names.of(expulsion.announcement), incarnations, expulsion.settles)
        };
        self.expulsion.as_ref().map(&mut rename).hash(hasher);
        let wait = self.wait.as_ref();
        wait.map(|wait| (wait.expulsion().as_ref().map(&mut rename), state.until(wait.ends()))).hash(hasher);
        std::mem::discriminant(&self.at).hash(hasher);
        if let At::BeginAnnounced { begin: at }
        | At::Committed { begin: at }
        | At::Changed(at)
        | At::Dead { begin: at } = self.at
        {
            at.map(|at| state.since(at)).hash(hasher);
        }
    }
}

impl NearCaches {
    /// The steps of writer `i`.
    pub(super) fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let (mut next, writer) = (state.clone(), &state.writers[i]);
        let (what, at) = match writer.at {
            // Which of two alike is first makes no difference.
            At::Start
                if state.writers[..i]
                    .iter()
                    .any(|other| other.kind == writer.kind && other.at == At::Start) =>
            {
                return;
            }
            At::Start if writer.kind == Kind::Other => ("has nothing to commit", At::Changed(None)),
            At::Start if writer.kind.begins() => {
                (next.stored, next.intent) = (None, true);
                ("begins its write", At::Begun)
            }
            At::Begun => {
                if !self.is_broken(Broken::BeginAnnounces) {
                    announce(&mut next, i, None);
                }
                ("announces its begin", At::BeginAnnounced { begin: Some(state.now) })
            }
            At::BeginAnnounced { begin } => {
                next.writers[i].version = next.source.commit();
                ("commits", At::Committed { begin })
            }
            At::Start => {
                // In one step, since what is loaded in between is newer than what is dropped.
                next.writers[i].version = next.source.commit();
                self.change(&mut next, i)
            }
            At::Committed { begin } => {
                let mut dead = next.clone();
                dead.writers[i].at = At::Dead { begin };
                steps.add("writer", i, "dies", dead);
                self.change(&mut next, i)
            }
            At::Changed(changed) => {
                self.announce_change(&mut next, i, changed);
                ("announces", At::Announced)
            }
            At::Announced => {
                let Some(acknowledged) = self.acknowledge(state, i) else { return };
                next = acknowledged;
                ("acknowledges", At::Acknowledged)
            }
            At::Acknowledged if writer.expulsion.is_none() => return,
            At::Acknowledged => {
                self.expel(&mut next, i);
                ("reports the members that did not answer", At::Done)
            }
            At::Dead { .. } | At::Done => return,
        };
        next.writers[i].at = at;
        steps.add("writer", i, what, next);
    }

    fn change(&self, next: &mut State, i: usize) -> (&'static str, At) {
        let Writer { kind, version, .. } = next.writers[i];
        let first = self.is_broken(Broken::DropsFirst);
        match kind {
            Kind::Put if next.intent => (next.stored, next.intent) = (Some(version), false),
            Kind::Store => next.stored = Some(version),
            _ if first => {}
            _ => (next.stored, next.intent) = (None, next.intent && !kind.begins()),
        }
        let changed = self.is_broken(Broken::PatienceFromAnswer).then_some(next.now);
        ("changes the store", At::Changed(changed))
    }

    fn announce_change(&self, next: &mut State, i: usize, changed: Option<Instant>) {
        let kind = next.writers[i].kind;
        if kind.begins() && self.is_broken(Broken::EndAnnounces) {
            return;
        }
        let wait = announce(next, i, Some(changed.unwrap_or(next.now)));
        // What it evicts is kept nowhere, so it makes no difference when it is acknowledged.
        next.writers[i].wait = wait.filter(|_| kind != Kind::Other);
    }

    /// The state after the writer stopped waiting, if it may.
    fn acknowledge(&self, state: &State, i: usize) -> Option<State> {
        let (mut next, writer) = (state.clone(), &state.writers[i]);
        let mut wait = next.writers[i].wait.take();
        if self.is_broken(Broken::Waits) {
            wait = None;
        }
        let is_patient = !self.is_broken(Broken::IsPatient);
        if is_patient && wait.as_ref().is_some_and(|wait| !wait.is_over(state.now)) {
            return None;
        }
        if self.is_broken(Broken::DropsFirst) {
            next.stored = None;
        }
        next.writers[i].expulsion = wait.as_ref().and_then(AckWait::expulsion);
        if writer.kind != Kind::Other {
            next.source.acknowledge(writer.version);
        }
        Some(next)
    }

    fn expel(&self, next: &mut State, i: usize) {
        let (expulsion, Some(roster)) = (next.writers[i].expulsion.take(), &mut next.roster) else { return };
        let Some(mut expulsion) = expulsion else { return };
        if self.is_broken(Broken::ExpelComparesRenewal) {
            expulsion.announcement.number = u64::MAX;
        }
        roster.expel(&expulsion);
    }
}

/// Announces, and, with `since`, is to wait from then.
fn announce(next: &mut State, i: usize, since: Option<Instant>) -> Option<AckWait> {
    let announced = next.roster(next.fresh_token()).announce()?;
    let writer = since.filter(|_| next.writers[i].kind != Kind::Other).map(|_| i);
    let message = Message { position: announced.position, kind: next.writers[i].kind, writer };
    for process in &mut next.processes {
        process.inbox.push_back(message.clone());
    }
    since.map(|since| AckWait::new(announced, &[], since))
}
