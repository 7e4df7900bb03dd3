//! Layers for tower services.

#[cfg(feature = "rate-limit")]
pub mod rate_limit;
