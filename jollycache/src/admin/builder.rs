//! `Admin` and its builder.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use tokio::sync::{Mutex, Semaphore, watch};

use super::gate::Gate;
use super::page;
use super::routes;
use super::sampler::Sampler;
use super::state::Shared;
use crate::cache::{Cache, WarmUp};
use crate::error::{Error, ErrorKind, Result};

/// The minimum length of a token, in characters.
pub const MIN_TOKEN_CHARS: usize = 16;
/// The maximum length: a token has to fit into a header.
const MAX_TOKEN_CHARS: usize = 1_024;
const DEFAULT_MAX_LISTENERS: usize = 32;

/// The admin API and page of one cache; see the [module](super). Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Admin {
    pub(super) shared: Arc<Shared>,
}

/// A builder of an [`Admin`].
///
/// ```
/// use jollycache::admin::Admin;
/// use jollycache::{Cache, MemoryBackend, WarmUp};
///
/// # fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).events(true).build()?;
/// let warm_up = WarmUp::builder(&cache).build()?;
/// let admin = Admin::builder(&cache)
///     .token("a-token-of-16-or-more-characters")
///     .hide_values(true)
///     .warm_up(warm_up)
///     .max_listeners(8)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct AdminBuilder {
    cache: Cache,
    token: Option<String>,
    hides_values: bool,
    warm_up: Option<WarmUp>,
    max_listeners: usize,
}

impl Admin {
    /// Starts a builder for the admin API of `cache`.
    pub fn builder(cache: &Cache) -> AdminBuilder {
        AdminBuilder {
            cache: cache.clone(),
            token: None,
            hides_values: false,
            warm_up: None,
            max_listeners: DEFAULT_MAX_LISTENERS,
        }
    }

    /// The router of the API, to be nested at a path of your choice, such as `/api/cache`.
    pub fn api(&self) -> Router {
        routes::api(self.shared.clone())
    }

    /// The router of the page, to be nested at a path of your choice, such as `/cache`. `api` is the path of the API.
    /// Without a configured token every path responds 404.
    ///
    /// axum's `nest` matches `/cache` and not `/cache/`; redirect that one if people may type it:
    ///
    /// ```
    /// use axum::Router;
    /// use axum::response::Redirect;
    /// use axum::routing::get;
    /// # use jollycache::{Cache, MemoryBackend, admin::Admin};
    ///
    /// # fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
    /// # let admin = Admin::builder(&cache).token("a-token-of-16-or-more-characters").build()?;
    /// let router: Router = Router::new()
    ///     .nest("/api/cache", admin.api())
    ///     .nest("/cache", admin.page("/api/cache"))
    ///     .route("/cache/", get(async || Redirect::permanent("/cache")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn page(&self, api: &str) -> Router {
        page::router(api, self.shared.gate.is_open())
    }

    /// Ends all event streams and cancels the configured warm-up, so that a graceful shutdown does not wait for them.
    /// Requests for new streams are answered with 503.
    pub fn close(&self) {
        self.shared.closed.send_replace(true);
        if let Some(warm_up) = &self.shared.warm_up {
            warm_up.cancel();
        }
    }
}

impl AdminBuilder {
    /// The bearer token that requests need (`Authorization: Bearer …`): 16 to 1024 visible ASCII characters. Only its
    /// hash is kept. Default: none; all calls but the statistics are off.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether values are hidden, so that only their sizes are shown. Default: `false`.
    pub fn hide_values(mut self, hidden: bool) -> Self {
        self.hides_values = hidden;
        self
    }

    /// The warm-up that the API can start. Default: none.
    pub fn warm_up(mut self, warm_up: WarmUp) -> Self {
        self.warm_up = Some(warm_up);
        self
    }

    /// Maximum number of concurrent event streams; a request for one more is answered with 503. Default: 32.
    pub fn max_listeners(mut self, listeners: usize) -> Self {
        self.max_listeners = listeners;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a token of the wrong length or with other characters, and for `max_listeners(0)`. The
    /// message does not contain the token.
    pub fn build(self) -> Result<Admin> {
        self.check()?;
        if self.token.is_some() && !self.cache.engine.publishes_events() {
            tracing::warn!(
                "the admin page will not show the invalidations of this process: build the cache with `.events(true)`"
            );
        }
        let shared = Shared {
            cache: self.cache,
            gate: Gate::new(self.token.as_deref()),
            hides_values: self.hides_values,
            warm_up: self.warm_up,
            sampler: Sampler::default(),
            audit: Mutex::default(),
            listeners: Arc::new(Semaphore::new(self.max_listeners)),
            closed: watch::channel(false).0,
        };
        Ok(Admin { shared: Arc::new(shared) })
    }

    fn check(&self) -> Result<()> {
        if self.token.as_deref().is_some_and(|token| !is_valid(token)) {
            let expected = format!("{MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} visible ASCII characters");
            return Err(Error::new(ErrorKind::Config, format!("the admin token: expected {expected}")));
        }
        if !(1..=Semaphore::MAX_PERMITS).contains(&self.max_listeners) {
            let message = format!("max_listeners is {}: expected at least 1", self.max_listeners);
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(())
    }
}

fn is_valid(token: &str) -> bool {
    (MIN_TOKEN_CHARS..=MAX_TOKEN_CHARS).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.shared.gate.is_open();
        let hides_values = self.shared.hides_values;
        f.debug_struct("Admin")
            .field("open", &open)
            .field("hides_values", &hides_values)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AdminBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "***");
        f.debug_struct("AdminBuilder")
            .field("token", &token)
            .field("hides_values", &self.hides_values)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryBackend;

    fn builder() -> AdminBuilder {
        let cache = Cache::builder().namespace("t").backend(MemoryBackend::new()).build().expect("a cache");
        Admin::builder(&cache)
    }

    #[test]
    fn a_token_is_long_enough_and_fits_into_a_header() {
        for token in
            ["", "short", "fifteen-letters", "sixteen letters!", "sixteen-lettérs", "a\nb-0123456789012345"]
        {
            let error = builder().token(token).build().expect_err(token);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(token.is_empty() || !error.to_string().contains(token), "{error}");
        }
        assert!(builder().token("sixteen-letters!").build().is_ok());
        assert!(builder().token("x".repeat(1_025)).build().is_err());
        assert!(builder().max_listeners(0).build().is_err());
    }

    #[test]
    fn debug_shows_no_token() {
        let builder = builder().token("sixteen-letters!");
        let before = format!("{builder:?}");
        let shown = format!("{before} {:?}", builder.build().expect("an admin"));
        assert!(!shown.contains("sixteen"), "{shown}");
    }
}
