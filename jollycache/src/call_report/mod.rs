//! What the calls of one task did with the cache: [`collect`] and the reports that it brings.
//!
//! Observing changes nothing: outside of a collecting task a call pays one look at a task-local, inside of one a
//! bounded list grows.

mod collect;
mod report;

pub(crate) use self::collect::{CallOutcome, report};
pub use self::collect::{Calls, MAX_REPORTS, collect};
pub use self::report::{CallReport, Operation, Outcome};
