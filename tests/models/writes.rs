//! Writers side by side on one key: plain evictions, evictions around the write, puts, and puts whose key is known
//! only after the write, as engine/write.rs has them.

use std::time::Duration;

use jollycache::backend::WriteEnd;
use jollycache::backend::state::{OwnWrites, Slot};

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{
    LIFETIME, NOW, REGION, Rule, Source, apply, befalls, draft, has_intent, intent_ended, store_unfenced,
    stored, token,
};

/// How a writer goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// Commits, then invalidates.
    Evict,
    /// Announces itself, commits, ends with an eviction.
    Around,
    /// Announces itself, commits, ends with the value.
    Put,
    /// Commits, announces itself, ends with the value if there was no other write meanwhile.
    LatePut,
    /// A late put whose body evicts the same key, before or after its commit.
    LatePutEvictingInside,
    /// A late put that is the body of an eviction of the same key.
    LatePutEvictedOutside,
}

impl Kind {
    fn is_late_put(self) -> bool {
        matches!(self, Kind::LatePut | Kind::LatePutEvictingInside | Kind::LatePutEvictedOutside)
    }
}

/// How far the eviction inside a put's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Inside {
    Ahead,
    Published,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    /// A late put has read the id of all writes.
    Snapped,
    /// The intent is installed, the source not yet written.
    Announced,
    Committed,
    /// A late put's intent is installed.
    AnnouncedLate,
    /// A late put compared the id of all writes.
    Compared,
    /// All writes have a new id.
    Published,
    /// What was to be stored or dropped is.
    Ended,
    /// The eviction around a put has published itself.
    PublishedOutside,
    /// And has evicted.
    EvictedOutside,
    /// Cancelled, or rejected by the source: the key is evicted and the intent ended.
    GivesUp,
    GivesUpTheKey,
    GivesUpTheIntent,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Writer {
    at: At,
    /// What it committed.
    version: u8,
    /// What a late put remembers of the id of all writes.
    own: Option<OwnWrites>,
    inside: Inside,
    undisturbed: bool,
}

impl Writer {
    const NEW: Writer =
        Writer { at: At::Start, version: 0, own: None, inside: Inside::Ahead, undisturbed: true };

    const DONE: Writer = Writer { at: At::Done, ..Writer::NEW };
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slot: Slot,
    /// The id of all writes.
    writes: Option<u8>,
    /// The last id given to it.
    last_id: u8,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
}

impl State {
    /// Gives the tag of all writes an id that was never used.
    fn rotate_writes(&mut self) -> u8 {
        self.last_id += 1;
        self.writes = Some(self.last_id);
        self.last_id
    }

    /// The id of all writes, made if there is none.
    fn id_of_writes(&mut self) -> u8 {
        self.writes.unwrap_or_else(|| self.rotate_writes())
    }

    fn is_writing(&self) -> bool {
        self.writers.iter().any(|writer| writer.at != At::Done)
    }
}

struct Writes {
    kinds: Vec<Kind>,
    readers: usize,
    /// Writers may die at any point. Then a transaction is shorter than its intent, and the intent is not evicted.
    crashes: bool,
    broken: Option<Rule>,
}

impl Writes {
    fn is_broken(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }

    fn begin(&self, slot: &mut Slot, i: usize) {
        apply(slot, |slot| (slot.begin_write(NOW, REGION, own_token(i), LIFETIME), ()));
        if let (true, Slot::Intent { poisoned, .. }) = (self.is_broken(Rule::Poison), slot) {
            *poisoned = false;
        }
    }

    fn end(&self, slot: &mut Slot, i: usize, put: Option<u8>) {
        if self.is_broken(Rule::EndAfterDeadlineDrops) && !has_intent(slot) {
            if let Some(version) = put {
                apply(slot, |slot| store_unfenced(slot, &draft(version, Vec::new())));
            }
            return;
        }
        if self.is_broken(Rule::EndNamesItsWriter)
            && matches!(slot, Slot::Intent { writers, .. } if writers.len() == 1)
        {
            *slot = Slot::default();
            return;
        }
        let draft = put.map(|version| draft(version, Vec::new()));
        let end = draft.as_ref().map_or(WriteEnd::Evict { grace: Duration::ZERO }, WriteEnd::Put);
        apply(slot, |slot| slot.end_write(NOW, own_token(i), &end));
    }

    fn invalidate(&self, slot: &mut Slot) {
        let before = slot.clone();
        apply(slot, |slot| slot.invalidate(NOW, Duration::ZERO));
        if self.is_broken(Rule::InvalidationPoisons) && has_intent(&before) {
            *slot = before;
        }
    }

    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        if self.kinds[i] == Kind::LatePutEvictingInside && self.evict_inside(state, i, steps) {
            return;
        }
        let (mut next, kind, at) = (state.clone(), self.kinds[i], state.writers[i].at);
        let late_intent = self.is_broken(Rule::IntentBeforeCommit);
        let (what, at) = match (at, kind) {
            (At::Start, kind) if kind.is_late_put() => Self::snap(&mut next, i),
            (At::Start, Kind::Around | Kind::Put) if !late_intent => {
                self.begin(&mut next.slot, i);
                ("announces itself", At::Announced)
            }
            (At::Start | At::Announced | At::Snapped, _) => {
                next.writers[i].version = next.source.commit();
                ("commits", At::Committed)
            }
            (At::Committed, kind) if kind.is_late_put() => {
                self.begin(&mut next.slot, i);
                ("announces itself, late", At::AnnouncedLate)
            }
            (At::Committed, Kind::Around | Kind::Put) if late_intent => {
                self.begin(&mut next.slot, i);
                ("announces itself after the commit", At::Compared)
            }
            (At::AnnouncedLate, _) => {
                self.compare(&mut next, i);
                ("compares the id of all writes", At::Compared)
            }
            (At::Committed | At::Compared, _) if self.is_broken(Rule::PublishBeforeEnd) => {
                self.finish(&mut next, i);
                next.writers[i].undisturbed = true;
                ("ends", At::Published)
            }
            (At::Committed | At::Compared, _) => {
                next.writes = None;
                ("publishes itself", At::Published)
            }
            (At::Published, _) if self.is_broken(Rule::PublishBeforeEnd) => {
                next.writes = None;
                ("publishes itself", At::Ended)
            }
            (At::Published, _) => {
                self.finish(&mut next, i);
                next.writers[i].undisturbed = true;
                ("ends", At::Ended)
            }
            (At::PublishedOutside, _) | (At::Ended, Kind::LatePutEvictedOutside) => {
                self.evict_outside(&mut next, at)
            }
            (At::Ended | At::EvictedOutside, _) => {
                next.source.acknowledge(next.writers[i].version);
                next.writers[i].version = 0;
                ("acknowledges", At::Done)
            }
            (At::GivesUp, _) => {
                next.writes = None;
                ("publishes itself, gives up", At::GivesUpTheKey)
            }
            (At::GivesUpTheKey, _) => {
                self.invalidate(&mut next.slot);
                ("invalidates instead", At::GivesUpTheIntent)
            }
            (At::GivesUpTheIntent, _) => {
                self.end(&mut next.slot, i, None);
                ("ends without a value", At::Done)
            }
            (At::Done, _) => return,
        };
        next.writers[i].at = at;
        steps.add("writer", i, what, next);
    }

    /// The next step of the eviction inside the body of a late put. Returns whether the put has to wait for it.
    fn evict_inside(&self, state: &State, i: usize, steps: &mut Steps<State>) -> bool {
        let Writer { at, inside, .. } = state.writers[i];
        if inside == Inside::Over || !matches!(at, At::Snapped | At::Committed) {
            return false;
        }
        let mut next = state.clone();
        let what = if inside == Inside::Ahead {
            let replaced = next.writes;
            // Without an id, none is given.
            let gives = replaced.is_some() || self.is_broken(Rule::OwnWriteNamesReplaced);
            let fresh = if gives { next.rotate_writes() } else { 0 };
            self.record(&mut next.writers[i], replaced, fresh);
            next.writers[i].inside = Inside::Published;
            "publishes the eviction in its body"
        } else {
            self.invalidate(&mut next.slot);
            next.writers[i].inside = Inside::Over;
            "evicts in its body"
        };
        steps.add("writer", i, what, next);
        inside == Inside::Published || at == At::Committed
    }

    /// The next step of the eviction around a late put that has ended.
    fn evict_outside(&self, next: &mut State, at: At) -> (&'static str, At) {
        if at == At::Ended {
            next.writes = None;
            return ("publishes its eviction", At::PublishedOutside);
        }
        self.invalidate(&mut next.slot);
        ("evicts", At::EvictedOutside)
    }

    /// A late put begins: it remembers the id of all writes.
    fn snap(next: &mut State, i: usize) -> (&'static str, At) {
        let id = next.id_of_writes();
        next.writers[i].own = Some(OwnWrites::since(token(id)));
        ("remembers the id of all writes", At::Snapped)
    }

    fn record(&self, writer: &mut Writer, replaced: Option<u8>, fresh: u8) {
        if self.is_broken(Rule::OwnWriteNamesReplaced) {
            writer.own = Some(OwnWrites::since(token(fresh)));
        } else if let (Some(own), Some(replaced)) = (&mut writer.own, replaced) {
            own.record(token(replaced), token(fresh));
        }
    }

    /// A late put compares the id of all writes with that from its start.
    fn compare(&self, next: &mut State, i: usize) {
        let id = token(next.id_of_writes());
        let compares = !self.is_broken(Rule::LatePutComparesWrites);
        let writer = &mut next.writers[i];
        let own = writer.own.take();
        writer.undisturbed = !compares || own.is_some_and(|own| own.explains(id));
    }

    /// The last word of a writer to the key.
    fn finish(&self, next: &mut State, i: usize) {
        let Writer { version, undisturbed, .. } = next.writers[i];
        match self.kinds[i] {
            Kind::Evict => self.invalidate(&mut next.slot),
            Kind::Around => self.end(&mut next.slot, i, None),
            Kind::Put | Kind::LatePut | Kind::LatePutEvictingInside | Kind::LatePutEvictedOutside => {
                self.end(&mut next.slot, i, undisturbed.then_some(version));
            }
        }
    }

    /// What may go wrong for a writer: it is cancelled, its source refuses, it dies.
    fn go_wrong(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let at = state.writers[i].at;
        let announced = match self.kinds[i] {
            Kind::Around | Kind::Put => !matches!(at, At::Start | At::Ended),
            Kind::Evict => false,
            _ => matches!(at, At::AnnouncedLate | At::Compared | At::Published),
        };
        if at == At::Done || !announced {
            return;
        }
        if !matches!(at, At::GivesUp | At::GivesUpTheKey | At::GivesUpTheIntent) {
            let mut next = state.clone();
            next.writers[i] = Writer { at: At::GivesUp, ..Writer::NEW };
            steps.add("writer", i, "is cancelled", next);
        }
        if self.crashes && !self.kinds[i].is_late_put() {
            let mut next = state.clone();
            // The write was not acknowledged, but later reads must return its version all the same.
            next.source.acknowledge(next.writers[i].version);
            next.writers[i] = Writer::DONE;
            steps.add("writer", i, "dies", next);
        }
    }

    /// Whether the intent may end now. Where writers may die, a transaction is shorter than its intent.
    fn may_end(&self, state: &State) -> bool {
        let in_transaction = state.writers.iter().any(|writer| writer.at == At::Announced);
        !(self.is_broken(Rule::IntentEnds) || self.crashes && in_transaction)
    }
}

fn own_token(i: usize) -> jollycache::backend::Token {
    token(100 + u8::try_from(i).expect("few writers"))
}

impl Model for Writes {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slot: Slot::default(),
            writes: None,
            last_id: 0,
            readers: vec![Reader::NEW; self.readers],
            writers: vec![Writer::NEW; self.kinds.len()],
        }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for (i, reader) in state.readers.iter().enumerate() {
            reader.steps(i, self.broken, state.source, &state.slot, |what, reader, source, slot| {
                let mut next = State { source, slot, ..state.clone() };
                next.readers[i] = reader;
                steps.add("reader", i, what, next);
            });
        }
        for i in 0..state.writers.len() {
            self.write(state, i, steps);
            self.go_wrong(state, i, steps);
        }
        for (what, slot) in befalls(&state.slot) {
            steps.add("environment", 0, what, State { slot, ..state.clone() });
        }
        if let Some(slot) = intent_ended(&state.slot).filter(|_| self.may_end(state)) {
            steps.add("environment", 0, "ends the intent", State { slot, ..state.clone() });
        }
        if state.writes.is_some() && self.kinds.iter().any(|kind| kind.is_late_put()) {
            steps.add(
                "environment",
                0,
                "evicts the id of all writes",
                State { writes: None, ..state.clone() },
            );
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation_in(&state.slot, !state.is_writing())
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        Reader::stuck(&state.readers).or(has_intent(&state.slot).then_some("an intent is left for ever"))
    }
}

/// Writers that may be slow without bound, under eviction of anything.
fn writes(kinds: &[Kind], broken: Option<Rule>) -> Writes {
    Writes { kinds: kinds.to_vec(), readers: 2 + larger(), crashes: false, broken }
}

/// The same with a reader less, for writers of many steps.
fn one_reader(kinds: &[Kind]) -> Writes {
    Writes { readers: 1 + larger(), ..writes(kinds, None) }
}

/// Writers that may die.
fn crashes(kinds: &[Kind], broken: Option<Rule>) -> Writes {
    Writes { crashes: true, ..writes(kinds, broken) }
}

#[test]
fn one_writer_around_keeps_c1_even_if_it_dies() {
    let model = Writes { readers: 3 + larger(), ..crashes(&[Kind::Around], None) };
    holds("intent, one writer that may die", &model);
}

#[test]
fn two_writers_around_keep_c1_even_if_they_die() {
    holds("intent, two writers that may die", &crashes(&[Kind::Around, Kind::Around], None));
}

#[test]
fn a_put_and_a_writer_around_leave_the_newest_even_if_they_die() {
    holds("intent, a put and an eviction around that may die", &crashes(&[Kind::Put, Kind::Around], None));
}

#[test]
fn two_puts_leave_the_newest_or_nothing() {
    holds("put, two puts", &writes(&[Kind::Put, Kind::Put], None));
}

#[test]
fn a_put_and_a_plain_eviction_leave_the_newest_or_nothing() {
    holds("put, a put and a plain eviction", &writes(&[Kind::Put, Kind::Evict], None));
}

#[test]
fn a_put_and_a_writer_around_leave_the_newest_or_nothing() {
    holds("put, a put and an eviction around", &writes(&[Kind::Put, Kind::Around], None));
}

#[test]
fn two_late_puts_leave_the_newest_or_nothing() {
    holds("late put, two late puts", &writes(&[Kind::LatePut, Kind::LatePut], None));
}

#[test]
fn a_late_put_and_a_put_leave_the_newest_or_nothing() {
    holds("late put, with a put", &writes(&[Kind::LatePut, Kind::Put], None));
}

#[test]
fn a_late_put_and_a_plain_eviction_leave_the_newest_or_nothing() {
    holds("late put, with a plain eviction", &writes(&[Kind::LatePut, Kind::Evict], None));
}

#[test]
fn a_late_put_whose_body_evicts_leaves_the_newest_or_nothing() {
    for other in [Kind::LatePut, Kind::Put, Kind::Evict, Kind::LatePutEvictingInside] {
        let model = one_reader(&[Kind::LatePutEvictingInside, other]);
        holds(&format!("late put that evicts in its body, with {other:?}"), &model);
    }
}

#[test]
fn a_late_put_within_an_eviction_leaves_the_newest_or_nothing() {
    for other in [Kind::LatePut, Kind::Evict, Kind::LatePutEvictingInside] {
        let model = one_reader(&[Kind::LatePutEvictedOutside, other]);
        holds(&format!("late put within an eviction, with {other:?}"), &model);
    }
}

#[test]
fn a_late_put_alone_is_stored_whatever_its_body_evicts() {
    for kind in [Kind::LatePut, Kind::LatePutEvictingInside] {
        // Checks the model itself: if nothing was ever stored, every property would hold.
        fails(&format!("{kind:?}, were it never stored"), &Stores(writes(&[kind], None)));
    }
}

/// A model in which a stored value is what to look for.
struct Stores(Writes);

impl Model for Stores {
    type State = State;

    fn start(&self) -> State {
        self.0.start()
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        self.0.steps(state, steps);
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let put = state.writers.iter().all(|writer| writer.at == At::Done && writer.undisturbed);
        let untouched = state.readers.iter().all(|reader| *reader == Reader::NEW);
        (put && untouched && stored(&state.slot).is_some()).then_some("the value is stored")
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        self.0.violation_at_rest(state)
    }
}

#[test]
fn an_own_change_that_hides_what_it_replaced_is_caught() {
    let model = writes(&[Kind::LatePutEvictingInside, Kind::Evict], Some(Rule::OwnWriteNamesReplaced));
    fails("late put that evicts in its body, without what that replaced", &model);
}

#[test]
fn an_intent_after_the_commit_is_caught() {
    fails("intent, installed after the commit", &crashes(&[Kind::Around], Some(Rule::IntentBeforeCommit)));
}

#[test]
fn an_intent_without_an_end_is_caught() {
    fails("intent, without a deadline", &crashes(&[Kind::Around], Some(Rule::IntentEnds)));
}

#[test]
fn an_eviction_whose_intent_has_ended_and_that_drops_nothing_is_caught() {
    fails("intent, ended before its write", &writes(&[Kind::Around], Some(Rule::EndAfterDeadlineDrops)));
}

#[test]
fn a_put_whose_intent_has_ended_and_that_stores_is_caught() {
    fails("put, ended before its write", &writes(&[Kind::Put, Kind::Put], Some(Rule::EndAfterDeadlineDrops)));
}

#[test]
fn an_end_that_takes_the_intent_of_another_away_is_caught() {
    let model = crashes(&[Kind::Around, Kind::Around], Some(Rule::EndNamesItsWriter));
    fails("intent, taken away by another's late end", &model);
}

#[test]
fn two_puts_that_do_not_poison_each_other_are_caught() {
    fails("put, without poison", &writes(&[Kind::Put, Kind::Put], Some(Rule::Poison)));
}

#[test]
fn a_put_that_an_eviction_does_not_poison_is_caught() {
    fails(
        "put, not poisoned by an eviction",
        &writes(&[Kind::Put, Kind::Evict], Some(Rule::InvalidationPoisons)),
    );
}

#[test]
fn a_late_put_that_does_not_compare_is_caught() {
    let model = writes(&[Kind::LatePut, Kind::Put], Some(Rule::LatePutComparesWrites));
    fails("late put, without the compare of all writes", &model);
}

#[test]
fn a_put_that_publishes_after_its_end_is_caught() {
    let model = writes(&[Kind::LatePut, Kind::Put], Some(Rule::PublishBeforeEnd));
    fails("late put, with a put that publishes too late", &model);
}
