//! `WarmUpProgress`: how far a warm-up is.

use serde::Serialize;

/// How far a [`WarmUp`](crate::WarmUp) is, or how far the last run came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WarmUpProgress {
    /// Whether a run is under way.
    pub running: bool,
    /// Whether the last run was cancelled before its end.
    pub cancelled: bool,
    /// How many keys the loaders have listed so far.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// How many could not be loaded, or not be listed.
    pub failed: u64,
    /// For how long it runs or ran, in milliseconds.
    pub took_ms: u64,
    /// When the run began, in milliseconds since the Unix epoch; `None` before the first one.
    pub started_at_ms: Option<u64>,
    /// The loaders that take part, in the order in which they run.
    pub loaders: Vec<LoaderProgress>,
}

/// How far one loader of a [`WarmUp`](crate::WarmUp) is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LoaderProgress {
    /// Its name.
    pub name: String,
    /// How many keys it has listed.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// How many could not be loaded; one more where it could not list its keys.
    pub failed: u64,
}
