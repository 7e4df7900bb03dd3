//! `Invalid`: every rule that a product breaks, at once.

use std::fmt;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as its JSON name.
    pub field: &'static str,
    /// What is wrong with it, and what is allowed.
    pub problem: String,
}

/// The rules that a product breaks: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// A single broken rule.
    pub fn one(field: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Invalid(vec![Violation { field, problem }])
    }

    /// The broken rules, in the order of the fields.
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
    /// Notes a broken rule unless `holds`.
    pub(super) fn require(&mut self, holds: bool, field: &'static str, problem: impl Into<String>) {
        if !holds {
            let problem = problem.into();
            self.0.push(Violation { field, problem });
        }
    }

    /// `made`, if nothing was noted.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Invalid> {
        match made {
            Some(made) if self.0.is_empty() => Ok(made),
            _ => Err(Invalid(self.0)),
        }
    }
}
