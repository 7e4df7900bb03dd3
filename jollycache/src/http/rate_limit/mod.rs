//! `RateLimitLayer`: rate limits for a tower service.
//!
//! ```
//! use std::time::Duration;
//!
//! use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
//! use jollycache::rate_limit::{Limit, RateLimiter};
//! use jollycache::{Cache, MemoryBackend};
//!
//! /// An extension of the request, set by the layer that authenticates it.
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
//! The fields of every response to a request that was counted:
//!
//! | field | content |
//! |---|---|
//! | `RateLimit-Policy` | the quota and window in seconds of each limit: `"per_ip";q=100;w=60` |
//! | `RateLimit` | the remaining requests of each limit, and the seconds until its quota is restored: `"per_ip";r=99;t=60` |
//! | `X-RateLimit-Limit`, `-Remaining`, `-Reset` | the same of the tightest limit; the reset in seconds from now |
//! | `Retry-After` | on a 429: the seconds until the request would be allowed; absent if it never would |
//!
//! The first two are those of draft-ietf-httpapi-ratelimit-headers-10. A 429 also has `Cache-Control: no-store`.
//! Put this layer outside of a response cache: then its hits are counted, and the fields are not stored.

mod client_ip;
mod forwarded;
mod headers;
mod layer;
mod service;
mod settings;

pub use self::client_ip::{ClientIp, DEFAULT_IPV6_PREFIX, PeerAddr};
pub use self::forwarded::{ForwardingHeader, MAX_HOPS};
pub use self::layer::RateLimitLayer;
pub use self::service::RateLimited;
