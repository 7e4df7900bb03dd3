//! The explorer: visits every state that a model can reach, breadth first, and checks each.
//!
//! States are remembered by a hash of 64 bits. With two million of them the chance that any two were taken for one
//! is below one in a million.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::Write;

/// A model that outgrows this has a mistake in it.
const MAX_STATES: usize = 20_000_000;

/// What can be explored.
pub(crate) trait Model {
    type State: Clone + Hash;

    fn start(&self) -> Self::State;

    /// Adds every step of every actor that is possible in `state`.
    fn steps(&self, state: &Self::State, steps: &mut Steps<Self::State>);

    /// What is wrong with `state`.
    fn violation(&self, state: &Self::State) -> Option<&'static str>;

    /// What is wrong with a state from which nothing goes on.
    fn violation_at_rest(&self, state: &Self::State) -> Option<&'static str>;
}

/// One step of an actor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    actor: &'static str,
    number: u8,
    what: &'static str,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.actor, self.number, self.what)
    }
}

/// The steps from one state.
#[derive(Debug)]
pub(crate) struct Steps<S>(Vec<(Step, S)>);

impl<S> Steps<S> {
    /// Adds a step. `number` distinguishes the actors of one kind.
    pub(crate) fn add(&mut self, actor: &'static str, number: usize, what: &'static str, next: S) {
        let number = u8::try_from(number).expect("a model has few of a kind");
        self.0.push((Step { actor, number, what }, next));
    }
}

/// What an exploration came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) states: usize,
    /// The longest of the shortest ways to a state.
    pub(crate) depth: usize,
    /// A shortest way to the first violation.
    pub(crate) violation: Option<(&'static str, Vec<Step>)>,
}

/// The state and step from which a state was reached.
struct Origin {
    parent: usize,
    depth: usize,
    step: Option<Step>,
}

/// Visits every state, or those up to the first violation.
pub(crate) fn explore<M: Model>(model: &M) -> Outcome {
    let start = model.start();
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut origins = vec![Origin { parent: 0, depth: 0, step: None }];
    let mut queue = VecDeque::from([start]);
    let (mut next, mut depth, mut steps) = (0, 0, Steps(Vec::new()));
    while let Some(state) = queue.pop_front() {
        let index = next;
        next += 1;
        depth = origins[index].depth;
        let found = |why| Outcome { states: next, depth, violation: Some((why, way_to(&origins, index))) };
        if let Some(why) = model.violation(&state) {
            return found(why);
        }
        model.steps(&state, &mut steps);
        let own = fingerprint(&state);
        let mut rests = true;
        for (step, successor) in steps.0.drain(..) {
            let hash = fingerprint(&successor);
            rests &= hash == own;
            if seen.insert(hash) {
                origins.push(Origin { parent: index, depth: depth + 1, step: Some(step) });
                queue.push_back(successor);
            }
        }
        if rests && let Some(why) = model.violation_at_rest(&state) {
            return Outcome { states: next, depth, violation: Some((why, way_to(&origins, index))) };
        }
        assert!(origins.len() < MAX_STATES, "more than {MAX_STATES} states");
    }
    Outcome { states: next, depth, violation: None }
}

fn fingerprint(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn way_to(origins: &[Origin], mut index: usize) -> Vec<Step> {
    let mut way = Vec::new();
    while let Some(step) = origins[index].step {
        way.push(step);
        index = origins[index].parent;
    }
    way.reverse();
    way
}

/// Explores a model that must keep its promise, and prints how many states it has.
pub(crate) fn holds<M: Model>(name: &str, model: &M) {
    let Outcome { states, depth, violation } = explore(model);
    if let Some((why, way)) = violation {
        panic!("{name}: {why}, after {states} states:\n{}", listed(&way));
    }
    report(&format!("model {name}: holds in all {states} states, up to {depth} steps deep"));
}

/// Explores a model with a rule taken out, which must be noticed.
pub(crate) fn fails<M: Model>(name: &str, model: &M) {
    let Outcome { states, violation, .. } = explore(model);
    let Some((why, way)) = violation else {
        panic!("{name}: nothing was noticed in {states} states");
    };
    report(&format!("model {name}: caught in {} steps ({why}), after {states} states", way.len()));
    if std::env::var_os("JOLLYCACHE_MODELS_TRACE").is_some() {
        report(&listed(&way));
    }
}

/// Returns 1 if the environment selects the larger setting, one reader more in each model.
pub(crate) fn larger() -> usize {
    usize::from(std::env::var("JOLLYCACHE_MODELS").is_ok_and(|size| size == "large"))
}

fn listed(way: &[Step]) -> String {
    let steps: Vec<_> = way.iter().map(|step| format!("  {step}")).collect();
    steps.join("\n")
}

/// Not `println!`, whose output the test harness captures when a test passes.
fn report(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two counters that go up to a limit each; they are not to meet at `forbidden`.
    struct Counters {
        limit: u8,
        forbidden: Option<u8>,
        rest: Option<&'static str>,
    }

    impl Model for Counters {
        type State = [u8; 2];

        fn start(&self) -> [u8; 2] {
            [0, 0]
        }

        fn steps(&self, state: &[u8; 2], steps: &mut Steps<[u8; 2]>) {
            steps.add("environment", 0, "does nothing", *state);
            for i in 0..2 {
                let mut next = *state;
                next[i] += 1;
                if next[i] <= self.limit {
                    steps.add("counter", i, "goes up", next);
                }
            }
        }

        fn violation(&self, state: &[u8; 2]) -> Option<&'static str> {
            (self.forbidden.is_some_and(|value| *state == [value, value])).then_some("they met")
        }

        fn violation_at_rest(&self, _state: &[u8; 2]) -> Option<&'static str> {
            self.rest
        }
    }

    #[test]
    fn every_state_is_visited_once() {
        let outcome = explore(&Counters { limit: 9, forbidden: None, rest: None });
        assert_eq!((outcome.states, outcome.depth), (100, 18));
        assert!(outcome.violation.is_none());
    }

    #[test]
    fn a_violation_is_found_by_a_shortest_way() {
        let outcome = explore(&Counters { limit: 9, forbidden: Some(3), rest: None });
        let (why, way) = outcome.violation.expect("they meet");
        assert_eq!((why, way.len()), ("they met", 6));
        assert_eq!(way.iter().filter(|step| step.number == 0).count(), 3);
    }

    #[test]
    fn a_state_is_at_rest_when_nothing_leads_out_of_it() {
        let outcome = explore(&Counters { limit: 2, forbidden: None, rest: Some("stuck") });
        let (why, way) = outcome.violation.expect("it ends");
        assert_eq!((why, way.len()), ("stuck", 4));
    }

    #[test]
    #[should_panic(expected = "they met")]
    fn a_violated_promise_fails_the_test() {
        holds("counters", &Counters { limit: 9, forbidden: Some(3), rest: None });
    }

    #[test]
    #[should_panic(expected = "nothing was noticed")]
    fn a_broken_rule_that_goes_unnoticed_fails_the_test() {
        fails("counters", &Counters { limit: 9, forbidden: None, rest: None });
    }
}
