//! The admin API and page: statistics, keys, evictions, jobs and events of a cache.
//!
//! [`Admin`] has two axum routers: the API, which responds with JSON, and a page that uses it. All calls but the
//! statistics need a bearer token; without one in the configuration they are off.
//! [docs/admin.md](crate::docs::admin) lists the calls.
//!
//! ```
//! use axum::Router;
//! use jollycache::admin::Admin;
//! use jollycache::{Cache, MemoryBackend};
//!
//! # fn main() -> jollycache::Result<()> {
//! // With `events(true)`, the page shows the invalidations of this process.
//! let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).events(true).build()?;
//! let admin = Admin::builder(&cache).token("a-token-of-16-or-more-characters").build()?;
//! let router: Router = Router::new()
//!     .nest("/api/cache", admin.api())
//!     .nest("/cache", admin.page("/api/cache"));
//! # Ok(())
//! # }
//! ```

mod authorized;
mod builder;
mod events;
mod evict;
mod gate;
mod jobs;
mod keys;
mod name;
#[cfg(feature = "openapi")]
mod openapi;
mod overview;
mod page;
mod query;
mod recent;
mod reply;
#[cfg(feature = "openapi")]
mod responses;
mod routes;
mod sampler;
mod state;
mod statistics;
mod view;

pub use self::builder::{Admin, AdminBuilder, MIN_TOKEN_CHARS};
pub use self::keys::MAX_LIMIT;
#[cfg(feature = "openapi")]
pub use self::openapi::openapi;
