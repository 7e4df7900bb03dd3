//! Eviction by a scan over two keys, in either order, with readers of both.

use std::time::Duration;

use jollycache::backend::state::Slot;

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{NOW, Rule, Source, apply, befalls};

const KEYS: usize = 2;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slots: [Slot; KEYS],
    /// Reader `i` reads key `i % KEYS`.
    readers: Vec<Reader>,
    writer: Writer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Writer {
    Start,
    /// The scan has passed these keys.
    Scans([bool; KEYS]),
    Done,
}

struct Scan {
    readers: usize,
    broken: Option<Rule>,
}

impl Scan {
    fn sweep(&self, slot: &mut Slot) {
        if self.broken != Some(Rule::SweepDropsLeases) || slot.entry().is_some() {
            apply(slot, |slot| slot.invalidate(NOW, Duration::ZERO));
        }
    }

    fn write(&self, state: &State, steps: &mut Steps<State>) {
        match state.writer {
            Writer::Start => {
                let mut next = State { writer: Writer::Scans([false; KEYS]), ..state.clone() };
                next.source.commit();
                steps.add("writer", 0, "commits", next);
            }
            Writer::Scans(passed) if passed == [true; KEYS] => {
                let mut next = State { writer: Writer::Done, ..state.clone() };
                next.source.acknowledge(1);
                steps.add("writer", 0, "acknowledges", next);
            }
            Writer::Scans(passed) => {
                for key in (0..KEYS).filter(|key| !passed[*key]) {
                    let mut next = state.clone();
                    self.sweep(&mut next.slots[key]);
                    let mut passed = passed;
                    passed[key] = true;
                    next.writer = Writer::Scans(passed);
                    steps.add("writer", 0, ["sweeps the first key", "sweeps the second key"][key], next);
                }
            }
            Writer::Done => {}
        }
    }
}

impl Model for Scan {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slots: std::array::from_fn(|_| Slot::default()),
            readers: vec![Reader::NEW; self.readers],
            writer: Writer::Start,
        }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for (i, reader) in state.readers.iter().enumerate() {
            let key = i % KEYS;
            reader.steps(i, self.broken, state.source, &state.slots[key], |what, reader, source, slot| {
                let mut next = State { source, ..state.clone() };
                next.slots[key] = slot;
                next.readers[i] = reader;
                steps.add("reader", i, what, next);
            });
        }
        self.write(state, steps);
        for key in 0..KEYS {
            for (what, slot) in befalls(&state.slots[key]) {
                let mut next = state.clone();
                next.slots[key] = slot;
                steps.add("environment", key, what, next);
            }
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation()
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        (!state.readers.iter().all(|reader| reader.is_done())).then_some("a reader is stuck")
    }
}

#[test]
fn a_scan_keeps_c1() {
    holds("scan", &Scan { readers: 4 + larger(), broken: None });
}

#[test]
fn a_scan_that_leaves_leases_is_caught() {
    fails("scan, leases left", &Scan { readers: 4 + larger(), broken: Some(Rule::SweepDropsLeases) });
}

#[test]
fn a_scan_over_fills_without_the_compare_is_caught() {
    let model = Scan { readers: 4 + larger(), broken: Some(Rule::FillComparesToken) };
    fails("scan, fills that do not compare the token", &model);
}
