//! `WarmUpProgress`: the counts of a warm-up's run.

use serde::Serialize;

/// The progress of a [`WarmUp`](crate::WarmUp)'s current run, or of its last one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WarmUpProgress {
    /// Whether a run is under way.
    pub running: bool,
    /// Whether the last run was cancelled before its end.
    pub cancelled: bool,
    /// Keys that the loaders have listed so far.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// Failed loads and failed listings.
    pub failed: u64,
    /// Duration of the run, in milliseconds.
    pub took_ms: u64,
    /// Start of the run, in milliseconds since the Unix epoch; `None` before the first one.
    pub started_at_ms: Option<u64>,
    /// The loaders of the run, in their order.
    pub loaders: Vec<LoaderProgress>,
}

/// The progress of one loader of a [`WarmUp`](crate::WarmUp).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LoaderProgress {
    /// Its name.
    pub name: String,
    /// Keys that it has listed.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// Failed loads, plus one if its listing failed.
    pub failed: u64,
}
