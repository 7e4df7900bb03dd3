//! Rate limits: a quota of requests per subject and window, shared by all processes on one backend.
//!
//! ```
//! use std::time::Duration;
//!
//! use jollycache::rate_limit::{Limit, RateLimiter};
//! use jollycache::{Cache, MemoryBackend};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> jollycache::Result<()> {
//! let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
//! let limiter = RateLimiter::builder(&cache).limit(Limit::new(2, Duration::from_secs(60))).build()?;
//!
//! assert!(limiter.check("alice").await.allowed);
//! assert!(limiter.check("alice").await.allowed);
//! let third = limiter.check("alice").await;
//! assert!(!third.allowed);
//! assert!(third.retry_after().is_some_and(|wait| wait <= Duration::from_secs(60)));
//! assert!(limiter.check("bob").await.allowed, "another subject");
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `http` there is a layer for tower: `jollycache::http::rate_limit::RateLimitLayer`.
//! [The guide](crate::docs::rate_limits) has the guarantees of each algorithm.

mod builder;
mod decision;
mod limit;
mod limiter;
mod limits;
mod local;
mod question;
mod stats;

pub use self::builder::RateLimiterBuilder;
pub use self::decision::{Decision, LimitDecision};
pub use self::limit::{DEFAULT_QUOTA, DEFAULT_WINDOW, Limit, MAX_LIMIT_NAME_BYTES};
pub use self::limiter::RateLimiter;
pub use self::question::Question;
pub use self::stats::LimitStats;
pub use crate::backend::MAX_RATE_REQUESTS;
pub use crate::protocol::{MAX_LOG_QUOTA, MAX_RATE_WINDOW, RateAlgorithm};
