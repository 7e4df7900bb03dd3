//! Single flight in the process, as engine/{flight,load,ticket}.rs have it: readers of one process, one key with
//! one tag, a writer that invalidates the key and one that invalidates the tag. Leaders are cancelled, panic and
//! fail, or take longer than their flight lasts; the backend may not answer, and an invalidation may have to wait.

use std::time::Duration;

use jollycache::backend::state::Slot;
use jollycache::backend::{Entry, Lease, TagStamp};

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::world::{NOW, Rule, Source, apply, befalls, draft, request, token, version_of};
use crate::writer::{Writer, Written};

/// How a flight ended, for its followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Landing {
    Value(u8),
    Failed,
    Retry,
    Alone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Reader {
    need: u8,
    /// Whether it leads a flight, which then has its number.
    leads: bool,
    /// Whether it goes past the backend, because an invalidation is pending.
    bypasses: bool,
    /// The tag's id before the load.
    stamp: Option<u8>,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    Missed,
    /// It waits for this reader's flight.
    Follows(u8),
    /// It leads, and asks for the lease.
    Asks,
    Leased,
    /// The source was read; the flight is to be sealed next.
    Loaded(u8),
    /// The same for a value that is not to be stored.
    LoadedUnstored(u8),
    /// The flight is sealed; the value is to be stored.
    Sealed(u8),
    /// The flight is sealed; the lease is given back.
    SealedUnstored(u8),
    /// The lease was given back; the tag is to be compared.
    GaveBack(u8),
    /// Has the result for the followers.
    Lands(Landing, u8),
    /// To load without a lease, sealed.
    Unleased,
    UnleasedLoaded(u8),
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slot: Slot,
    tag: Option<u8>,
    /// The leaders of the flights that can be joined: of the one that requests the lease, and of the one that bypasses the
    /// backend.
    open: [Option<u8>; 2],
    /// An invalidation was acknowledged, and has not reached the backend.
    pending: bool,
    landings: Vec<Option<Landing>>,
    readers: Vec<Reader>,
    /// The first invalidates the key, the second the tag.
    writers: Vec<Writer>,
}

impl Written for State {
    fn source(&mut self) -> &mut Source {
        &mut self.source
    }
}

const NEW: Reader = Reader { need: 0, leads: false, bypasses: false, stamp: None, at: At::Start };
const DONE: Reader = Reader { at: At::Done, ..NEW };

impl State {
    fn fresh_id(&self) -> u8 {
        let carried = self.slot.entry().and_then(stamp_of);
        let used = |id: u8| {
            let known = self.readers.iter().any(|reader| reader.stamp == Some(id));
            known || self.tag == Some(id) || carried == Some(id)
        };
        (1..u8::MAX).find(|id| !used(*id)).expect("few ids are in use")
    }

    fn seal(&mut self, i: usize) {
        for open in &mut self.open {
            if *open == Some(number(i)) {
                *open = None;
            }
        }
    }

    /// Seals the flight of `i`, if it leads one, and passes the result to its followers.
    fn land(&mut self, i: usize, landing: Landing) {
        self.seal(i);
        let has_followers =
            self.readers.iter().any(|reader| matches!(reader.at, At::Follows(leader) if leader == number(i)));
        if self.readers[i].leads && has_followers {
            self.landings[i] = Some(landing);
        }
    }

    /// `i` returns `version`.
    fn serve(&mut self, i: usize, version: u8) {
        self.source.serve(self.readers[i].need, version);
        self.readers[i] = DONE;
    }
}

fn number(i: usize) -> u8 {
    u8::try_from(i).expect("few readers")
}

fn stamps(id: Option<u8>) -> Vec<TagStamp> {
    id.map(|id| TagStamp { name: "a".into(), id: token(id) }).into_iter().collect()
}

fn stamp_of(entry: &Entry) -> Option<u8> {
    entry.tags.first().map(|tag| tag.id.0[0])
}

struct Flights {
    readers: usize,
    writers: usize,
    /// Whether the first writer's invalidation may have to wait.
    queues: bool,
    broken: Option<Rule>,
}

impl Flights {
    fn is_broken(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }

    /// The steps that go well.
    fn read(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let (mut next, reader) = (state.clone(), state.readers[i]);
        let own = token(100 + number(i));
        let what = match reader.at {
            At::Start => {
                next.readers[i].need = state.source.acked;
                next.readers[i].bypasses = state.pending;
                Self::look(&mut next, i);
                "starts, looks"
            }
            At::Missed => {
                let own_flight = reader.bypasses && !self.is_broken(Rule::PendingHasItsOwnFlight);
                let open = &mut next.open[usize::from(own_flight)];
                let alone = if reader.bypasses { At::Unleased } else { At::Asks };
                next.readers[i].leads = open.is_none();
                next.readers[i].at = open.map_or(alone, At::Follows);
                if next.readers[i].leads {
                    *open = Some(number(i));
                } else {
                    next.readers[i].stamp = None;
                }
                "joins the flight"
            }
            At::Follows(leader) => {
                let Some(landing) = state.landings[usize::from(leader)] else { return };
                match landing {
                    Landing::Value(version) => next.serve(i, version),
                    // Its failure is shared, or it loads by itself.
                    Landing::Failed | Landing::Alone => next.readers[i].at = At::Unleased,
                    Landing::Retry => Self::look(&mut next, i),
                }
                forget_landing(&mut next, leader);
                "hears how the flight ended"
            }
            At::Asks => {
                if reader.stamp.is_none() {
                    let id = state.tag.unwrap_or_else(|| state.fresh_id());
                    next.tag = Some(id);
                    next.readers[i].stamp = Some(id);
                    "makes the tag's id"
                } else {
                    self.ask(&mut next, i, own)
                }
            }
            At::Leased => {
                let mut unstored = state.clone();
                unstored.readers[i].at = At::LoadedUnstored(state.source.committed);
                steps.add("reader", i, "loads what is not to be stored", unstored);
                next.readers[i].at = At::Loaded(state.source.committed);
                "loads"
            }
            At::Done => return,
            _ => self.settle(&mut next, i, own),
        };
        steps.add("reader", i, what, next);
    }

    /// The steps of a leader that has loaded, or is to load without a lease.
    fn settle(&self, next: &mut State, i: usize, own: jollycache::backend::Token) -> &'static str {
        let reader = next.readers[i];
        match reader.at {
            At::Loaded(version) => {
                if !self.is_broken(Rule::SealBeforeFill) {
                    next.seal(i);
                }
                next.readers[i].at = At::Sealed(version);
                "seals the flight"
            }
            At::LoadedUnstored(version) => {
                next.seal(i);
                next.readers[i].at = At::SealedUnstored(version);
                "seals the flight"
            }
            At::Sealed(version) => {
                let draft = draft(version, stamps(reader.stamp));
                let stored = apply(&mut next.slot, |slot| slot.fill(NOW, own, &draft));
                let unchanged = reader.stamp == next.tag || self.is_broken(Rule::RetryOnChangedTag);
                let valid = stored && unchanged || !stored && self.is_broken(Rule::RetryOnRefusal);
                next.readers[i].at = At::Lands(shared_if(valid, version), version);
                "fills"
            }
            At::SealedUnstored(version) => {
                let held = apply(&mut next.slot, |slot| slot.release(NOW, own));
                let valid = held || self.is_broken(Rule::RetryOnLostLease);
                let at = At::Lands(Landing::Retry, version);
                next.readers[i].at = if valid { At::GaveBack(version) } else { at };
                "gives the lease back"
            }
            At::GaveBack(version) => {
                let valid = reader.stamp == next.tag || self.is_broken(Rule::RetryOnLostLease);
                next.readers[i].at = At::Lands(shared_if(valid, version), version);
                "compares the tag"
            }
            At::Lands(landing, version) => {
                next.land(i, landing);
                next.serve(i, version);
                "lands"
            }
            At::Unleased => {
                if !self.is_broken(Rule::SealUnleasedBeforeLoad) {
                    next.seal(i);
                }
                next.readers[i].at = At::UnleasedLoaded(next.source.committed);
                "loads without a lease"
            }
            At::UnleasedLoaded(version) => {
                next.land(i, Landing::Value(version));
                next.serve(i, version);
                "lands without a lease"
            }
            _ => unreachable!("{reader:?} has not loaded"),
        }
    }

    /// Reads the entry and the tag's id, unless it may not.
    fn look(next: &mut State, i: usize) {
        if next.readers[i].bypasses {
            next.readers[i].at = At::Missed;
            return;
        }
        let live = next.tag;
        let valid = |entry: &&Entry| entry.is_fresh(NOW) && live.is_some() && stamp_of(entry) == live;
        match next.slot.entry().filter(valid).map(version_of) {
            Some(version) => next.serve(i, version),
            None => next.readers[i] = Reader { at: At::Missed, stamp: live, ..next.readers[i] },
        }
    }

    fn ask(&self, next: &mut State, i: usize, own: jollycache::backend::Token) -> &'static str {
        let shown = stamps(next.readers[i].stamp);
        let lease = apply(&mut next.slot, |slot| slot.lease(NOW, &request(own, &shown)));
        match lease {
            Lease::Hit(entry) | Lease::Wait { stale: Some(entry), .. } => {
                let version = version_of(&entry);
                let shared = self.is_broken(Rule::HitIsNotShared);
                next.readers[i].at = At::Lands(shared_if(shared, version), version);
                "is served instead of the lease"
            }
            Lease::Leased { .. } => {
                next.readers[i].at = At::Leased;
                "takes the lease"
            }
            Lease::Wait { stale: None, .. } | Lease::Bypass { .. } => {
                next.readers[i].at = At::Unleased;
                "waits no longer for another's lease"
            }
        }
    }

    /// What may go wrong for a reader.
    fn go_wrong(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let reader = state.readers[i];
        let own = token(100 + number(i));
        match reader.at {
            At::Asks => {
                let mut next = state.clone();
                next.readers[i].at = At::Unleased;
                steps.add("reader", i, "has no answer from the backend", next);
                self.leave(state, i, Landing::Retry, "is cancelled", steps);
            }
            At::Follows(leader) => {
                let mut next = state.clone();
                next.readers[i].at = At::Unleased;
                forget_landing(&mut next, leader);
                steps.add("reader", i, "loses its patience", next);
            }
            At::Leased => {
                self.leave(state, i, Landing::Retry, "is cancelled", steps);
                self.leave(state, i, Landing::Alone, "panics", steps);
                let mut next = state.clone();
                next.land(i, Landing::Failed);
                apply(&mut next.slot, |slot| slot.release(NOW, own));
                next.readers[i] = DONE;
                steps.add("reader", i, "fails to load", next);
            }
            At::Sealed(version) => {
                self.leave(state, i, Landing::Retry, "is cancelled before the fill", steps);
                let mut next = state.clone();
                next.readers[i].at = At::Lands(Landing::Retry, version);
                steps.add("reader", i, "has no answer to its fill", next);
            }
            At::Lands(..) => self.leave(state, i, Landing::Retry, "is cancelled after the fill", steps),
            _ => {}
        }
    }

    /// The leader is gone, and its lease with it, sooner or later.
    fn leave(&self, state: &State, i: usize, landing: Landing, what: &'static str, steps: &mut Steps<State>) {
        let mut next = state.clone();
        if self.is_broken(Rule::GoneLeaderTellsFollowers) {
            next.seal(i);
        } else {
            next.land(i, landing);
        }
        next.readers[i] = DONE;
        steps.add("reader", i, what, next);
    }

    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        if self.queues && i == 0 {
            let mut next = state.clone();
            if let Some(("queues its invalidation", writer)) = state.writers[i].step(&mut next, |next, _| {
                next.pending = true;
                "queues its invalidation"
            }) {
                next.writers[i] = writer;
                steps.add("writer", i, "queues its invalidation", next);
            }
        }
        let mut next = state.clone();
        let step = state.writers[i].step(&mut next, |next, _| {
            if i == 0 {
                apply(&mut next.slot, |slot| slot.invalidate(NOW, Duration::ZERO));
            } else {
                next.tag = Some(next.fresh_id());
            }
            ["invalidates the key", "invalidates the tag"][i]
        });
        let Some((what, writer)) = step else { return };
        next.writers[i] = writer;
        steps.add("writer", i, what, next);
    }
}

fn shared_if(valid: bool, version: u8) -> Landing {
    if valid { Landing::Value(version) } else { Landing::Retry }
}

/// Removes a result without waiting followers, so that states that differ only in it are one state.
fn forget_landing(state: &mut State, leader: u8) {
    let still_waited_for = state.readers.iter().any(|reader| reader.at == At::Follows(leader));
    if !still_waited_for {
        state.landings[usize::from(leader)] = None;
    }
}

impl Model for Flights {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slot: Slot::default(),
            tag: (self.writers == 1).then_some(1),
            open: [None; 2],
            pending: false,
            landings: vec![None; self.readers],
            readers: vec![NEW; self.readers],
            writers: vec![Writer::Start; self.writers],
        }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for i in 0..state.readers.len() {
            self.read(state, i, steps);
            self.go_wrong(state, i, steps);
        }
        for i in 0..state.writers.len() {
            self.write(state, i, steps);
        }
        if state.pending {
            let mut next = State { pending: false, ..state.clone() };
            apply(&mut next.slot, |slot| slot.invalidate(NOW, Duration::ZERO));
            steps.add("environment", 0, "delivers the invalidation", next);
        }
        if state.open[0].is_some() {
            let open = [None, state.open[1]];
            steps.add("environment", 0, "ends the flight's time", State { open, ..state.clone() });
        }
        for (what, slot) in befalls(&state.slot) {
            steps.add("environment", 0, what, State { slot, ..state.clone() });
        }
        if state.tag.is_some() && self.writers > 1 {
            steps.add("environment", 0, "loses the tag's id", State { tag: None, ..state.clone() });
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let gone = |reader: &Reader| {
            matches!(reader.at, At::Follows(leader)
                if state.readers[usize::from(leader)].at == At::Done && state.landings[usize::from(leader)].is_none())
        };
        let left_alone = state.readers.iter().any(gone);
        let no_leader =
            state.open.iter().flatten().any(|leader| state.readers[usize::from(*leader)].at == At::Done);
        state
            .source
            .violation()
            .or(left_alone.then_some("a follower waits for a leader that is gone"))
            .or(no_leader.then_some("a flight without a leader can be joined"))
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        state.readers.iter().any(|reader| reader.at != At::Done).then_some("a reader is stuck")
    }
}

fn flights(broken: Option<Rule>) -> Flights {
    Flights { readers: 3 + larger(), writers: 1, queues: false, broken }
}

/// With an invalidation that is acknowledged before it is delivered.
fn queued(broken: Option<Rule>) -> Flights {
    Flights { queues: true, ..flights(broken) }
}

/// With a second writer, that invalidates by the tag, whose id can be lost.
fn tagged(broken: Option<Rule>) -> Flights {
    Flights { readers: 2 + larger(), writers: 2, queues: false, broken }
}

#[test]
fn flights_keep_c1() {
    holds("flight", &flights(None));
}

#[test]
fn flights_over_a_tag_keep_c1() {
    holds("flight, with a tag", &tagged(None));
}

#[test]
fn flights_past_a_queued_invalidation_keep_c1() {
    holds("flight, with a queued invalidation", &queued(None));
}

#[test]
fn a_flight_under_a_lease_that_is_joined_past_a_queued_invalidation_is_caught() {
    fails(
        "flight, under a lease and joined past a queued invalidation",
        &queued(Some(Rule::PendingHasItsOwnFlight)),
    );
}

#[test]
fn a_flight_sealed_after_its_fill_is_caught() {
    fails("flight, sealed after its fill", &flights(Some(Rule::SealBeforeFill)));
}

#[test]
fn followers_that_take_a_refused_value_are_caught() {
    fails("flight, a refused value is shared", &flights(Some(Rule::RetryOnRefusal)));
}

#[test]
fn followers_that_take_a_value_whose_tag_changed_are_caught() {
    fails("flight, a value whose tag changed is shared", &tagged(Some(Rule::RetryOnChangedTag)));
}

#[test]
fn followers_that_take_an_unstored_value_whose_lease_was_lost_are_caught() {
    fails("flight, an unstored value whose lease was lost is shared", &flights(Some(Rule::RetryOnLostLease)));
}

#[test]
fn a_flight_without_a_lease_that_is_sealed_after_its_load_is_caught() {
    fails("flight, unleased and sealed after its load", &flights(Some(Rule::SealUnleasedBeforeLoad)));
}

#[test]
fn a_hit_that_is_shared_is_caught() {
    fails("flight, a hit is shared", &flights(Some(Rule::HitIsNotShared)));
}

#[test]
fn a_leader_that_leaves_without_a_word_is_caught() {
    fails("flight, a leader that leaves without a word", &flights(Some(Rule::GoneLeaderTellsFollowers)));
}
