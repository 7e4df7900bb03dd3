//! `Invalid`: the rules that a product breaks, all of them in one error.

use std::fmt;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The JSON name of the field.
    pub field: &'static str,
    /// The problem, and what is allowed.
    pub problem: String,
}

/// The rules that a product breaks, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// Creates the error of a single broken rule.
    pub fn one(field: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Invalid(vec![Violation { field, problem }])
    }

    /// Returns the broken rules, in the order of the fields.
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Violation { field, problem }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Collects broken rules.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Violation>);

impl Checks {
    /// Adds a broken rule unless `holds`.
    pub(super) fn require(&mut self, holds: bool, field: &'static str, problem: impl Into<String>) {
        if !holds {
            let problem = problem.into();
            self.0.push(Violation { field, problem });
        }
    }

    /// Returns `made` if no rule is broken.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Invalid> {
        match made {
            Some(made) if self.0.is_empty() => Ok(made),
            _ => Err(Invalid(self.0)),
        }
    }
}
