//! The ways that do not work: the models must see it.

use crate::explorer::{Model, Steps, fails};
use crate::world::Source;

/// GET, load, SET; a writer commits and deletes. With a lock, one reader at a time loads.
struct Naive {
    locks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reader {
    Start,
    Missed { need: u8 },
    Loads { need: u8 },
    Loaded { need: u8, version: u8 },
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    value: Option<u8>,
    locked: bool,
    readers: [Reader; 2],
    /// The writer's next step.
    writer: u8,
}

impl Naive {
    fn read(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let what = match state.readers[i] {
            Reader::Start => {
                let need = state.source.acked;
                next.readers[i] = if state.value.is_some() { Reader::Done } else { Reader::Missed { need } };
                next.source.serve(need, state.value.unwrap_or(need));
                "looks"
            }
            Reader::Missed { need } => {
                if self.locks && state.locked {
                    return;
                }
                next.locked = true;
                next.readers[i] = Reader::Loads { need };
                "takes the lock"
            }
            Reader::Loads { need } => {
                next.readers[i] = Reader::Loaded { need, version: state.source.committed };
                "loads"
            }
            Reader::Loaded { need, version } => {
                next.value = Some(version);
                next.locked = false;
                next.source.serve(need, version);
                next.readers[i] = Reader::Done;
                "sets, unlocks"
            }
            Reader::Done => return,
        };
        steps.add("reader", i, what, next);
    }
}

impl Model for Naive {
    type State = State;

    fn start(&self) -> State {
        let readers = [Reader::Start; 2];
        State { source: Source::default(), value: None, locked: false, readers, writer: 0 }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for i in 0..state.readers.len() {
            self.read(state, i, steps);
        }
        let mut next = state.clone();
        next.writer += 1;
        let what = match state.writer {
            0 => {
                next.source.commit();
                "commits"
            }
            1 => {
                next.value = None;
                "deletes"
            }
            2 => {
                next.source.acknowledge(1);
                "acknowledges"
            }
            _ => return,
        };
        steps.add("writer", 0, what, next);
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation()
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        state.readers.iter().any(|reader| *reader != Reader::Done).then_some("a reader is stuck")
    }
}

#[test]
fn get_set_and_delete_serve_an_old_value() {
    fails("naive: GET, SET and DEL", &Naive { locks: false });
}

#[test]
fn a_lock_around_the_load_serves_an_old_value() {
    fails("naive: lock, SET and DEL", &Naive { locks: true });
}
