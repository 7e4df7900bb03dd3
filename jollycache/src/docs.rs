//! The guides of the repository's `docs/` folder, as modules, so that they are read, linked and tested with the code.
//!
//! They exist in the documentation only.

#[doc = include_str!("../guides/semantics.md")]
pub mod semantics {}

#[doc = include_str!("../guides/keys.md")]
pub mod keys {}

#[doc = include_str!("../guides/operations.md")]
pub mod operations {}

#[doc = include_str!("../guides/performance.md")]
pub mod performance {}

#[cfg(all(feature = "http", feature = "axum"))]
#[doc = include_str!("../guides/http.md")]
pub mod http {}

#[cfg(feature = "rate-limit")]
#[doc = include_str!("../guides/rate-limits.md")]
pub mod rate_limits {}

#[cfg(feature = "tower-sessions")]
#[doc = include_str!("../guides/sessions.md")]
pub mod sessions {}

#[cfg(feature = "metrics")]
#[doc = include_str!("../guides/metrics.md")]
pub mod metrics {}

#[cfg(feature = "admin")]
#[doc = include_str!("../guides/admin.md")]
pub mod admin {}
