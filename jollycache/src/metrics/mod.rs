//! Counters, latencies and the backend's state, for any recorder of the [`metrics`] facade.
//!
//! The cache counts without the facade; [`MetricsCollector`] publishes the counts on request. This way the calls of the
//! cache do not pay for the facade, a recorder can be installed, replaced or owned by a part of the program at any time,
//! and each of several recorders gets all values.
//! [docs/metrics.md](crate::docs::metrics) and [`DESCRIPTIONS`] list the names.

mod collector;
mod description;
#[cfg(feature = "rate-limit")]
mod limits;
mod region;
mod store_total;

pub use self::collector::MetricsCollector;
pub use self::description::{DESCRIPTIONS, Description, Kind};
