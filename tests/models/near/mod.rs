//! The coherent near cache: C1 for reads that never leave the process.
//!
//! One key with one tag; processes with a near cache each, and writers. The code's own state machines
//! (`jollycache::backend::state::near`) run for the processes, the store and the writers. Messages of a process come in order or are lost; acknowledgements and answers
//! are lost; a writer may stop for ever; the store may lose everything once. Loading and filling the store is one step
//! here, because the lease protocol has models of its own.
//!
//! Time goes on in steps of one lease, at any moment. Between two of them every order is explored, so a step is all that
//! a comparison of two times can notice.

mod process;
mod tests;
mod world;
mod writer;

use crate::explorer::{Model, Steps, larger};

use self::world::{Broken, Loss, State};
use self::writer::Kind;

/// One configuration.
struct NearCaches {
    processes: usize,
    writers: Vec<Kind>,
    /// Whether all processes are members from the beginning.
    joined: bool,
    /// What the store may do once.
    loss: Option<Loss>,
    broken: Option<Broken>,
}

impl NearCaches {
    fn is_broken(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }
}

/// Whether process `i` loses no message and no answer, and its renewals take no time: those after the first, because there
/// would be four million states.
fn loses_nothing(i: usize) -> bool {
    i > 0 && larger() == 0
}

impl Model for NearCaches {
    type State = State;

    fn start(&self) -> State {
        let state = State::new(self.processes, &self.writers, self.broken);
        if self.joined { state.joined() } else { state }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for i in 0..state.processes.len() {
            self.serve(state, i, steps);
        }
        for i in 0..state.writers.len() {
            self.write(state, i, steps);
        }
        if let Some(loss) = self.loss.filter(|_| !state.lost) {
            steps.add("store", 0, loss.what(), state.after(loss));
        }
        if let Some(next) = state.without_intent() {
            steps.add("environment", 0, "ends the intent", next);
        }
        steps.add("environment", 0, "lets a lease's time pass", state.later());
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let old = state.processes.iter().any(|process| process.serves_below(state.source.acked, state.now));
        let lags = state.overdue().is_some_and(|version| {
            state.processes.iter().any(|process| process.serves_below(version, state.now))
        });
        let stores_old = state.stores_below_acknowledged();
        (old.then_some("a process serves a version older than one acknowledged"))
            .or(stores_old.then_some("the store has a version older than one acknowledged"))
            .or(lags.then_some("a process serves what a dead writer replaced for longer than a lease"))
    }

    fn violation_at_rest(&self, _state: &State) -> Option<&'static str> {
        None
    }
}
