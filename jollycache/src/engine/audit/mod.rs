//! The auditor: samples live entries, loads them from the source, and repairs those that differ.
//!
//! Each entry is compared under a lease that is taken over the live value ([`Reader::try_lease_for_update`](super::Reader)): readers go on being
//! served, and an eviction or a write meanwhile takes the lease away, so that the auditor then neither judges nor
//! stores. A value that is loaded inside the lease is as good as that of any other load.

mod auditor;
mod examine;
mod round;
mod schedule;

pub(crate) use self::auditor::{Auditor, Sourced};
pub(crate) use self::schedule::Auditors;
