//! A server that restarts from a dump: the key returns to an older state, and later acknowledged writes are missing.
//! Readers, evictions and writers run meanwhile.

use std::time::Duration;

use jollycache::backend::WriteEnd;
use jollycache::backend::state::Slot;

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::reader::Reader;
use crate::world::{LIFETIME, NOW, REGION, Rule, Source, apply, befalls, draft, intent_ended, token};

/// The steps of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// Commits, then invalidates.
    Evict,
    /// Announces itself, commits, ends with the value.
    Put,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    Announced,
    Committed,
    Ended,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Writer {
    at: At,
    /// The version that it committed.
    version: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slot: Slot,
    /// The server's dump. One is enough: a later dump would be the same case with a longer history.
    dump: Option<Slot>,
    restarted: bool,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
}

struct Restarts {
    kinds: Vec<Kind>,
    readers: usize,
    broken: Option<Rule>,
}

impl Restarts {
    fn write(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let (mut next, own) = (state.clone(), token(100 + u8::try_from(i).expect("few writers")));
        let (what, at) = match (state.writers[i].at, self.kinds[i]) {
            (At::Start, Kind::Put) => {
                apply(&mut next.slot, |slot| (slot.begin_write(NOW, REGION, own, LIFETIME), ()));
                ("announces itself", At::Announced)
            }
            (At::Start | At::Announced, _) => {
                next.writers[i].version = next.source.commit();
                ("commits", At::Committed)
            }
            (At::Committed, Kind::Evict) => {
                apply(&mut next.slot, |slot| slot.invalidate(NOW, Duration::ZERO));
                ("invalidates", At::Ended)
            }
            (At::Committed, Kind::Put) => {
                let draft = draft(state.writers[i].version, Vec::new());
                apply(&mut next.slot, |slot| slot.end_write(NOW, own, &WriteEnd::Put(&draft)));
                ("ends with its value", At::Ended)
            }
            (At::Ended, _) => {
                next.source.acknowledge(state.writers[i].version);
                ("acknowledges", At::Done)
            }
            (At::Done, _) => return,
        };
        next.writers[i].at = at;
        steps.add("writer", i, what, next);
    }

    fn restart(&self, state: &State, dump: &Slot) -> State {
        let slot = match self.broken {
            Some(Rule::RunIsCompared) => dump.clone(),
            // Values are compared, leases and intents are not.
            Some(Rule::LeaseOfItsRun) if dump.entry().is_none() => dump.clone(),
            _ => dump.clone().after_restart(false),
        };
        State { slot, dump: None, restarted: true, ..state.clone() }
    }
}

impl Model for Restarts {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slot: Slot::default(),
            dump: None,
            restarted: false,
            readers: vec![Reader::NEW; self.readers],
            writers: vec![Writer { at: At::Start, version: 0 }; self.kinds.len()],
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
        if let Some(slot) = intent_ended(&state.slot) {
            steps.add("environment", 0, "ends the intent", State { slot, ..state.clone() });
        }
        match &state.dump {
            Some(dump) => steps.add("server", 0, "starts from its dump", self.restart(state, dump)),
            None if !state.restarted => {
                let dump = Some(state.slot.clone());
                steps.add("server", 0, "dumps", State { dump, ..state.clone() });
            }
            None => {}
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let is_quiet = state.writers.iter().all(|writer| writer.at == At::Done);
        state.source.violation_in(&state.slot, is_quiet)
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        Reader::stuck(&state.readers)
    }
}

fn restarts(kinds: &[Kind], broken: Option<Rule>) -> Restarts {
    Restarts { kinds: kinds.to_vec(), readers: 2 + larger(), broken }
}

#[test]
fn a_restart_from_a_dump_keeps_c1() {
    holds("restart, two evictions", &restarts(&[Kind::Evict, Kind::Evict], None));
}

#[test]
fn a_restart_from_a_dump_under_puts_keeps_c1() {
    holds("restart, a put and an eviction", &restarts(&[Kind::Put, Kind::Evict], None));
    holds("restart, two puts", &restarts(&[Kind::Put, Kind::Put], None));
}

#[test]
fn a_value_of_another_run_that_is_served_is_caught() {
    fails("restart, values of another run", &restarts(&[Kind::Evict], Some(Rule::RunIsCompared)));
}

#[test]
fn a_lease_of_another_run_that_admits_a_fill_is_caught() {
    fails("restart, leases of another run", &restarts(&[Kind::Evict], Some(Rule::LeaseOfItsRun)));
}

#[test]
fn an_intent_of_another_run_that_lets_its_writer_store_is_caught() {
    let model = Restarts { readers: 0, ..restarts(&[Kind::Put, Kind::Put], Some(Rule::LeaseOfItsRun)) };
    fails("restart, intents of another run", &model);
}
