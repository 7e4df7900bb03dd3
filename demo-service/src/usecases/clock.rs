//! `Clock`: what time it is.

use std::fmt;

use jiff::Timestamp;

/// Tells the time; a test holds its own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}
