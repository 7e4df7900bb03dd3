//! Why a sample was not taken.

use std::fmt;

use serde::de::Error;

/// A rejection, with what can be learned from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejected {
    /// A map lacks this key.
    MissingField(&'static str),
    /// A word is none of these.
    UnknownVariant(&'static [&'static str]),
    /// Something else; its text is the type's own and may change with a library.
    Sample,
    /// The trace is at one of its limits.
    Limit,
}

impl Error for Rejected {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Rejected::Sample
    }

    fn missing_field(field: &'static str) -> Self {
        Rejected::MissingField(field)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Rejected::UnknownVariant(expected)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Rejected {}
