//! `RateLimitLayer`: rate limits before a tower service.
//!
//! ```
//! use std::time::Duration;
//!
//! use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
//! use jollycache::rate_limit::{Limit, RateLimiter};
//! use jollycache::{Cache, MemoryBackend};
//!
//! /// Put into the request's extensions by whoever authenticates it.
//! #[derive(Clone)]
//! struct UserId(u64);
//!
//! # fn main() -> jollycache::Result<()> {
//! let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
//! let limiter = RateLimiter::builder(&cache)
//!     .limit(Limit::new(100, Duration::from_secs(60)).name("per_ip"))
//!     .limit(Limit::new(1_000, Duration::from_secs(60 * 60)).name("per_user"))
//!     .build()?;
//! let layer = RateLimitLayer::new(limiter)
//!     .by_ip("per_ip", &ClientIp::new().trust_proxies(["10.0.0.0/8"])?)?
//!     .by("per_user", |request| request.extensions.get::<UserId>().map(|user| user.0))?
//!     .exempt(|request| request.uri.path() == "/health");
//! # Ok(())
//! # }
//! ```
//!
//! What is told to clients, on every response that was counted:
//!
//! | header | holds |
//! |---|---|
//! | `RateLimit-Policy` | of each limit the quota and the window in seconds: `"per_ip";q=100;w=60` |
//! | `RateLimit` | of each limit what remains, and in how many seconds all is free again: `"per_ip";r=99;t=60` |
//! | `X-RateLimit-Limit`, `-Remaining`, `-Reset` | the same of the tightest limit; the reset in seconds from now |
//! | `Retry-After` | on a 429: in how many seconds the request may pass; absent if it never will |
//!
//! The first two are those of draft-ietf-httpapi-ratelimit-headers-10. A 429 also says `Cache-Control: no-store`.
//! A layer that caches responses belongs inside of this one: its hits are counted then, and the headers are not stored.

mod client_ip;
mod forwarded;
mod headers;
mod layer;
mod service;

pub use self::client_ip::{ClientIp, DEFAULT_IPV6_PREFIX, PeerAddr};
pub use self::forwarded::{ForwardingHeader, MAX_HOPS};
pub use self::layer::RateLimitLayer;
pub use self::service::RateLimited;
