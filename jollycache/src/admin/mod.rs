//! The admin API and page: what the cache does, what is in it, and the means to evict it.
//!
//! [`Admin`] gives two axum routers: the API, which answers JSON, and a page that uses it. Everything but the
//! statistics asks for a bearer token; without one in the configuration it is off. [docs/admin.md](crate::docs::admin) lists the calls.
//!
//! ```
//! use axum::Router;
//! use jollycache::admin::Admin;
//! use jollycache::{Cache, MemoryBackend};
//!
//! # fn main() -> jollycache::Result<()> {
//! // With `events(true)`, the page shows what this process invalidates.
//! let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).events(true).build()?;
//! let admin = Admin::builder(&cache).token("a-token-of-16-or-more-characters").build()?;
//! let router: Router = Router::new()
//!     .nest("/api/cache", admin.api())
//!     .nest("/cache", admin.page("/api/cache"));
//! # Ok(())
//! # }
//! ```

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
mod reply;
mod routes;
mod sampler;
mod view;

pub use self::builder::{Admin, AdminBuilder, MIN_TOKEN_CHARS};
pub use self::keys::MAX_LIMIT;
#[cfg(feature = "openapi")]
pub use self::openapi::openapi;
