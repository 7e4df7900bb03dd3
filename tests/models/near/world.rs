//! The state: the source, the store with its roster, the processes and the writers.

use std::hash::{Hash, Hasher};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jollycache::backend::state::near::{MAX_NEAR_LEASE, Position, Roster};
use jollycache::backend::{RunId, Token};
use jollycache::key::StoredKey;

use super::process::Process;
use super::writer::{At, Kind, Writer};
use crate::explorer::larger;
use crate::world::{Source, token};

pub(super) static KEY: LazyLock<StoredKey> = LazyLock::new(|| StoredKey::found("near:key"));
pub(super) static OTHER_KEY: LazyLock<StoredKey> = LazyLock::new(|| StoredKey::found("near:other"));
pub(super) static TAG: LazyLock<StoredKey> = LazyLock::new(|| StoredKey::found("near:tag"));

/// Every time in a state is relative to its own present; this is where the first one starts.
#[allow(clippy::disallowed_methods, reason = "any instant will do")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A right's length: the longest there is, so that what is unknown takes no longer to end.
pub(super) const LEASE: Duration = MAX_NEAR_LEASE;

/// A rule of the protocol, to be taken out of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// A process that joins anew evicts what it has.
    EvictsOnLapse,
    /// A process that missed announcements evicts what it has before it serves.
    CatchesUp,
    /// The drop comes before the announcement.
    DropsFirst,
    /// A number at or below the last one is a gap.
    OldNumberIsAGap,
    /// A writer waits for the members.
    Waits,
    /// A writer waits for a member that does not acknowledge until its right has ended.
    IsPatient,
    /// A read is kept only if nothing was evicted since it was sent.
    ComparesGeneration,
    /// A message makes the reads under way outdated, too.
    VoidsFlights,
    /// After a loss of the roster, the members are unknown for a while.
    Settles,
    /// Numbers are compared within an epoch.
    ComparesEpoch,
    /// A member that renewed its right since the announcement is not expelled.
    ExpelComparesRenewal,
    /// A right is counted from before the renewal was sent.
    CountsFromSending,
    /// Patience is counted from the announcement's answer.
    PatienceFromAnswer,
    /// A value is compared with the evictions of its tags.
    ComparesTags,
    /// What was loaded past an intent is not kept.
    KeepsNoBypass,
    /// The end of a write announces, as its begin did.
    EndAnnounces,
    /// The begin of a write announces, as its end will.
    BeginAnnounces,
}

/// What the store can do to everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It starts again.
    Restart,
    /// It is flushed, and goes on.
    Flush,
}

impl Loss {
    pub(super) fn what(self) -> &'static str {
        match self {
            Loss::Restart => "starts again",
            Loss::Flush => "is flushed",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) now: Instant,
    pub(super) source: Source,
    /// The version that the store has.
    pub(super) stored: Option<u8>,
    /// Whether a write intent is there.
    pub(super) intent: bool,
    pub(super) run: u8,
    pub(super) roster: Option<Roster>,
    pub(super) lost: bool,
    pub(super) processes: Vec<Process>,
    pub(super) writers: Vec<Writer>,
    /// Where a rule is broken, more can make a difference.
    pub(super) broken: Option<Broken>,
}

impl State {
    pub(super) fn new(processes: usize, writers: &[Kind], broken: Option<Broken>) -> Self {
        State {
            now: *START,
            source: Source::default(),
            stored: None,
            intent: false,
            run: 0,
            roster: None,
            lost: false,
            processes: (0..processes).map(Process::new).collect(),
            writers: writers.iter().copied().map(Writer::new).collect(),
            broken,
        }
    }

    /// The state after every process joined a roster of which nothing was lost before.
    pub(super) fn joined(mut self) -> Self {
        let mut roster = Roster::first(RunId([self.run; 4]), self.fresh_token());
        for i in 0..self.processes.len() {
            self.roster = Some(roster);
            let fresh = self.fresh_token();
            let Process { member, generations, .. } = &mut self.processes[i];
            let renewal = member.renew(fresh, self.now);
            roster = self.roster.take().expect("it was put there");
            member.renewed(renewal, roster.renew(&renewal.request), self.now, generations);
        }
        State { roster: Some(roster), ..self }
    }

    pub(super) fn later(&self) -> Self {
        let parts = if larger() > 0 && self.processes.len() == 1 { 2 } else { 1 };
        State { now: self.now + LEASE / parts, ..self.clone() }
    }

    pub(super) fn after(&self, loss: Loss) -> Self {
        let mut next = State { stored: None, intent: false, lost: true, ..self.clone() };
        match loss {
            Loss::Restart => next.run += 1,
            Loss::Flush => next.roster = None,
        }
        next
    }

    /// The roster, as a script finds it.
    pub(super) fn roster(&mut self, fresh: Token) -> &mut Roster {
        let (run, stored) = (RunId([self.run; 4]), self.roster.take());
        let found = if self.broken == Some(Broken::Settles) {
            let is_of_run = Roster::in_run(stored.clone(), run, fresh).position().epoch != fresh;
            stored.filter(|_| is_of_run).unwrap_or_else(|| Roster::first(run, fresh))
        } else {
            Roster::in_run(stored, run, fresh)
        };
        self.roster.insert(found)
    }

    /// The version that a dead writer replaced so long ago that no near cache may have an older one.
    pub(super) fn overdue(&self) -> Option<u8> {
        let overdue = |writer: &Writer| match writer.at {
            At::Dead { begin } if self.until(begin.map(|at| at + LEASE)).is_zero() => Some(writer.version),
            _ => None,
        };
        self.writers.iter().filter_map(overdue).max()
    }

    /// A token that nothing in the state has, so that no two things are taken for one.
    pub(super) fn fresh_token(&self) -> Token {
        let mut used: Vec<Token> = Vec::new();
        if let Some(roster) = &self.roster {
            used.push(roster.position().epoch);
            used.extend(roster.members().iter().map(|membership| membership.incarnation));
        }
        self.processes.iter().for_each(|process| process.tokens(&mut used));
        self.writers.iter().for_each(|writer| writer.tokens(&mut used));
        (1..u8::MAX).map(token).find(|fresh| !used.contains(fresh)).expect("few tokens are in use")
    }

    /// The state after its intent ended by itself, if it may: a transaction is shorter than its intent.
    pub(super) fn without_intent(&self) -> Option<Self> {
        let is_over = |writer: &Writer| matches!(writer.at, At::Committed { .. } | At::Dead { .. });
        let ends = self.intent && self.writers.iter().any(is_over);
        ends.then(|| State { intent: false, ..self.clone() })
    }

    /// The store has what it must not have.
    pub(super) fn stores_below_acknowledged(&self) -> bool {
        self.stored.is_some_and(|version| version < self.source.acked)
    }

    /// How long a time is ahead.
    pub(super) fn until(&self, time: Option<Instant>) -> Duration {
        time.map_or(Duration::ZERO, |time| time.saturating_duration_since(self.now))
    }

    /// How long a time is past, up to the longest that counts.
    pub(super) fn since(&self, time: Instant) -> Duration {
        self.now.saturating_duration_since(time).min(MAX_NEAR_LEASE)
    }
}

/// States that differ only in what no step can notice are one: times by how far they are away, tokens by where else they
/// are, generations by whether what was read as of them is current.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut names = Names::default();
        (&self.source, self.stored, self.intent, self.run, self.lost).hash(hasher);
        if let Some(roster) = &self.roster {
            (names.of(roster.position()), roster.is_settled(), roster.members().len()).hash(hasher);
            for membership in roster.members() {
                let incarnation = names.of_token(membership.incarnation);
                (membership.member, incarnation, membership.renewed).hash(hasher);
            }
        }
        for process in &self.processes {
            process.hash_at(self, &mut names, hasher);
        }
        for writer in &self.writers {
            writer.hash_at(self, &mut names, hasher);
        }
    }
}

/// Tokens by the order in which they are met.
#[derive(Default)]
pub(super) struct Names(Vec<Token>);

impl Names {
    pub(super) fn of_token(&mut self, token: Token) -> usize {
        let known = self.0.iter().position(|known| *known == token);
        known.unwrap_or_else(|| {
            self.0.push(token);
            self.0.len() - 1
        })
    }

    pub(super) fn of(&mut self, position: Position) -> (usize, u64) {
        (self.of_token(position.epoch), position.number)
    }
}

/// What two positions are compared by.
pub(super) fn epoch_of(position: Option<Position>) -> Option<Token> {
    position.map(|position| position.epoch)
}
