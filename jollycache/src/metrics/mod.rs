//! Counters, latencies and the backend's state for whichever recorder of the [`metrics`] facade is used.
//!
//! The cache counts for itself, without the facade; [`MetricsCollector`] hands the counts over when they are asked for.
//! So a call of the cache pays nothing for them, the recorder can be installed, exchanged or owned by a part of the
//! program at any time, and each of several recorders gets everything. [docs/metrics.md](crate::docs::metrics) lists the names; so does
//! [`DESCRIPTIONS`].

mod collector;
mod description;
#[cfg(feature = "rate-limit")]
mod limits;
mod region;
mod store_total;

pub use self::collector::MetricsCollector;
pub use self::description::{DESCRIPTIONS, Description, Kind};
