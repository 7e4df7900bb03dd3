//! Versions: writers that store what they committed without announcing it, as `Cache::put` by hand may, and readers
//! that fill. What a key remembers of its versions is not evicted here; that it lives for a minute is the promise.

use jollycache::backend::state::Slot;

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{Rule, Source, apply, befalls, draft, store_unfenced, versioned};
use crate::writer::{Writer, Written};

struct Versions {
    readers: usize,
    writers: usize,
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

impl Versions {
    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let step = state.writers[i].step(&mut next, |next, version| {
            let blind = self.broken == Some(Rule::OlderVersionIsRefused);
            let draft = if blind { draft(version, Vec::new()) } else { versioned(version) };
            apply(&mut next.slot, |slot| store_unfenced(slot, &draft));
            "stores"
        });
        let Some((what, writer)) = step else { return };
        next.writers[i] = writer;
        steps.add("writer", i, what, next);
    }
}

impl Model for Versions {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slot: Slot::default(),
            readers: vec![Reader::VERSIONED; self.readers],
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
        // A lease that ends takes what it remembers along, so it ends here only over a value.
        let remembers = |slot: &Slot| slot.floor() == state.slot.floor();
        for (what, slot) in befalls(&state.slot).filter(|(_, slot)| remembers(slot)) {
            steps.add("environment", 0, what, State { slot, ..state.clone() });
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let is_written = state.writers.iter().all(|writer| *writer == Writer::Done);
        state.source.violation_in(&state.slot, is_written)
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        Reader::stuck(&state.readers)
    }
}

fn versions(broken: Option<Rule>) -> Versions {
    Versions { readers: 2 + larger(), writers: 3, broken }
}

#[test]
fn of_versioned_stores_the_newest_wins() {
    holds("versions", &versions(None));
}

#[test]
fn blind_stores_are_caught() {
    fails("versions, blind stores", &versions(Some(Rule::OlderVersionIsRefused)));
}
