//! The checks of a running demo, one after the other, and what they come to.

mod api;
mod checks;
mod demo;
mod fuzz;
mod report;
mod samples;

pub(crate) use self::api::{DEMO_PASSWORD, DEMO_USERNAME, Login};
pub(crate) use self::checks::verify;
pub(crate) use self::demo::Demo;
pub(crate) use self::fuzz::fuzz;
pub(crate) use self::report::Verdict;
