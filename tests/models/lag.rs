//! A source whose reads lag: loads see a replica, and an invalidation has a grace at least as long as the lag.
//!
//! A load may return what the replica has. What must not happen is that it stays: a read that starts when the
//! replica has the acknowledged version returns that or a newer one. The mark of a grace is not evicted here.

use std::time::Duration;

use jollycache::backend::state::Slot;

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{LIFETIME, NOW, Rule, Source, apply, befalls};
use crate::writer::{Writer, Written};

struct Lag {
    readers: usize,
    writers: usize,
    broken: Option<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    /// The version that a load sees.
    replica: u8,
    /// What the last invalidation stands for.
    invalidated: u8,
    slot: Slot,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
}

impl Written for State {
    fn source(&mut self) -> &mut Source {
        &mut self.source
    }
}

impl Lag {
    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let step = state.writers[i].step(&mut next, |next, version| {
            let grace = if self.broken == Some(Rule::Grace) { Duration::ZERO } else { LIFETIME };
            apply(&mut next.slot, |slot| slot.invalidate(NOW, grace));
            next.invalidated = next.invalidated.max(version);
            "invalidates"
        });
        let Some((what, writer)) = step else { return };
        next.writers[i] = writer;
        steps.add("writer", i, what, next);
    }
}

impl Model for Lag {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            replica: 0,
            invalidated: 0,
            slot: Slot::default(),
            readers: vec![Reader::NEW; self.readers],
            writers: vec![Writer::Start; self.writers],
        }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        let seen =
            Source { committed: state.replica, acked: state.source.acked.min(state.replica), ..state.source };
        for (i, reader) in state.readers.iter().enumerate() {
            reader.steps(i, self.broken, seen, &state.slot, |what, reader, seen, slot| {
                let source = Source { read_too_old: seen.read_too_old, ..state.source };
                let mut next = State { source, slot, ..state.clone() };
                next.readers[i] = reader;
                steps.add("reader", i, what, next);
            });
        }
        for i in 0..state.writers.len() {
            self.write(state, i, steps);
        }
        if state.replica < state.source.committed {
            steps.add(
                "replica",
                0,
                "catches up by one",
                State { replica: state.replica + 1, ..state.clone() },
            );
        }
        if !matches!(state.slot, Slot::Evicted { .. }) {
            for (what, slot) in befalls(&state.slot) {
                steps.add("environment", 0, what, State { slot, ..state.clone() });
            }
        } else if state.replica >= state.invalidated {
            let slot = state.slot.clone().at(state.slot.expires());
            steps.add("environment", 0, "ends the grace", State { slot, ..state.clone() });
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation()
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        Reader::stuck(&state.readers)
    }
}

fn lag(broken: Option<Rule>) -> Lag {
    Lag { readers: 3 + larger(), writers: 2, broken }
}

#[test]
fn a_grace_as_long_as_the_lag_keeps_old_values_out() {
    holds("lag", &lag(None));
}

#[test]
fn an_invalidation_without_a_grace_is_caught() {
    fails("lag, without a grace", &lag(Some(Rule::Grace)));
}
