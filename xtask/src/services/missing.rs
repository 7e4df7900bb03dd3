//! `Missing`: a program that is not there.

use std::fmt;

use anyhow::Error;

/// A program that is not there, and that cannot be installed from here: what is missing, and what to do about it.
#[derive(Debug)]
struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// The error of a program that is not there.
pub(super) fn missing(what: impl Into<String>) -> Error {
    Error::new(Missing(what.into()))
}

/// Whether this is the error of a program that is not there.
pub(crate) fn is_missing(error: &Error) -> bool {
    error.is::<Missing>()
}
