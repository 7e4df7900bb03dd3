//! Leases on one key: any number of evictions and ended leases, failing loads, readers that lose patience.

use std::time::Duration;

use jollycache::backend::state::Slot;

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{NOW, Rule, Source, apply, befalls, draft, store_unfenced};
use crate::writer::{Writer, Written};

struct Leases {
    readers: usize,
    writers: usize,
    /// Start with a value that has gone stale.
    stale: bool,
    broken: Option<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slot: Slot,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
}

impl Written for State {
    fn source(&mut self) -> &mut Source {
        &mut self.source
    }
}

impl Leases {
    fn invalidate(&self, slot: &mut Slot) {
        if self.broken == Some(Rule::InvalidationDropsLease) && slot.entry().is_none() {
            return;
        }
        apply(slot, |slot| slot.invalidate(NOW, Duration::ZERO));
    }

    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let step = state.writers[i].step(&mut next, |next, _| {
            self.invalidate(&mut next.slot);
            "invalidates"
        });
        let Some((what, writer)) = step else { return };
        next.writers[i] = writer;
        steps.add("writer", i, what, next);
    }
}

impl Model for Leases {
    type State = State;

    fn start(&self) -> State {
        let mut slot = Slot::default();
        if self.stale {
            apply(&mut slot, |slot| store_unfenced(slot, &draft(0, Vec::new())));
        }
        State {
            source: Source::default(),
            slot,
            readers: vec![Reader::NEW; self.readers],
            writers: vec![Writer::Start; self.writers],
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
        }
        for (what, slot) in befalls(&state.slot) {
            steps.add("environment", 0, what, State { slot, ..state.clone() });
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation()
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        Reader::stuck(&state.readers)
    }
}

fn leases(broken: Option<Rule>) -> Leases {
    Leases { readers: 3 + larger(), writers: 2, stale: false, broken }
}

fn refresh(broken: Option<Rule>) -> Leases {
    Leases { stale: true, ..leases(broken) }
}

#[test]
fn leases_keep_c1() {
    holds("lease", &leases(None));
}

#[test]
fn a_fill_without_the_compare_is_caught() {
    fails("lease, a fill that does not compare the token", &leases(Some(Rule::FillComparesToken)));
}

#[test]
fn an_invalidation_that_leaves_the_lease_is_caught() {
    fails("lease, an invalidation that leaves the lease", &leases(Some(Rule::InvalidationDropsLease)));
}

#[test]
fn the_refresh_of_a_stale_value_keeps_c1() {
    holds("refresh", &refresh(None));
}

#[test]
fn a_refresh_outside_the_lease_is_caught() {
    fails("refresh, a refresh outside the lease", &refresh(Some(Rule::RefreshUnderLease)));
}
