//! [`collect`] and the reports of a task's calls.
//!
//! Reports do not change what a call does: outside of a collection a call reads one task-local, inside of one it adds to a
//! bounded list.

mod collect;
mod report;

pub(crate) use self::collect::{CallOutcome, report};
pub use self::collect::{Calls, MAX_REPORTS, collect};
pub use self::report::{CallReport, Operation, Outcome};
