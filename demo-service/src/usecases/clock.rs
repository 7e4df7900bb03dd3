//! `Clock`.

use std::fmt;

use jiff::Timestamp;

/// The source of the current time. Tests have a clock of their own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}
