//! The cases, by the groups of the suite.

mod authorization;
mod conditional;
mod control;
mod directives;
mod expires;
mod freshness;
mod headers;
mod invalidation;
mod other;
mod partial;
mod stale;
mod status;
mod targeted;
mod update;
mod vary;

use super::case::{Case, Kind, Step};

pub(super) fn all() -> Vec<Case> {
    [
        authorization::cases(),
        conditional::cases(),
        control::cases(),
        directives::cases(),
        expires::cases(),
        freshness::cases(),
        headers::cases(),
        invalidation::cases(),
        other::cases(),
        partial::cases(),
        stale::cases(),
        status::cases(),
        targeted::cases(),
        update::cases(),
        vary::cases(),
    ]
    .concat()
}

/// The cases of one group.
struct Group {
    name: &'static str,
    cases: Vec<Case>,
}

impl Group {
    fn new(name: &'static str) -> Self {
        Group { name, cases: Vec::new() }
    }

    fn add(&mut self, kind: Kind, name: &str, steps: impl Into<Vec<Step>>) {
        let name = name.to_ascii_lowercase();
        self.cases.push(Case { group: self.name, name, kind, steps: steps.into() });
    }

    fn required(&mut self, name: &str, steps: impl Into<Vec<Step>>) {
        self.add(Kind::Required, name, steps);
    }

    fn optimal(&mut self, name: &str, steps: impl Into<Vec<Step>>) {
        self.add(Kind::Optimal, name, steps);
    }

    fn check(&mut self, name: &str, steps: impl Into<Vec<Step>>) {
        self.add(Kind::Check, name, steps);
    }
}
