//! `Admin` and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Mutex, Semaphore, watch};

use super::gate::Gate;
use super::page;
use super::routes;
use super::sampler::Sampler;
use crate::cache::{Cache, WarmUp};
use crate::error::{Error, ErrorKind, Result};

/// The shortest token that is taken, in characters.
pub const MIN_TOKEN_CHARS: usize = 16;
/// The longest one: it has to fit into a header.
const MAX_TOKEN_CHARS: usize = 1_024;
/// How long one operation of the backend may take that a person waits for: longer than a request's.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How many clients can listen to the events at once.
const DEFAULT_MAX_LISTENERS: usize = 32;

/// The admin API and page of one cache; see the [module](super). Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

/// What the routes work on.
pub(super) struct Shared {
    pub(super) cache: Cache,
    pub(super) gate: Gate,
    pub(super) hides_values: bool,
    pub(super) warm_up: Option<WarmUp>,
    pub(super) sampler: Sampler,
    /// Held while an audit that was asked for runs.
    pub(super) audit: Mutex<()>,
    /// A place for each listener to the events.
    pub(super) listeners: Arc<Semaphore>,
    /// Whether the listeners are to leave.
    pub(super) closed: watch::Sender<bool>,
}

/// Builds an [`Admin`].
#[must_use]
pub struct AdminBuilder {
    cache: Cache,
    token: Option<String>,
    hides_values: bool,
    warm_up: Option<WarmUp>,
    max_listeners: usize,
}

impl Admin {
    /// Starts a builder.
    pub fn builder(cache: &Cache) -> AdminBuilder {
        AdminBuilder {
            cache: cache.clone(),
            token: None,
            hides_values: false,
            warm_up: None,
            max_listeners: DEFAULT_MAX_LISTENERS,
        }
    }

    /// The API, to be nested where the application wants it, such as `/api/cache`.
    pub fn api(&self) -> Router {
        routes::api(self.shared.clone())
    }

    /// The page, to be nested where the application wants it, such as `/cache`. `api` is the path at which the API is.
    /// Without a token there is no page: each path answers 404.
    pub fn page(&self, api: &str) -> Router {
        page::router(api, self.shared.gate.is_open())
    }

    /// Ends all streams of events and cancels a warm-up that was asked for, so that a server that shuts down need not
    /// wait for them. Later listeners are turned away.
    pub fn close(&self) {
        self.shared.closed.send_replace(true);
        if let Some(warm_up) = &self.shared.warm_up {
            warm_up.cancel();
        }
    }
}

impl AdminBuilder {
    /// What clients have to show as `Authorization: Bearer …`: 16 to 1024 visible ASCII characters. Only its hash is
    /// kept. Default: none, and everything but the statistics is off.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether values are hidden, and only their sizes shown. Default: `false`.
    pub fn hide_values(mut self, hidden: bool) -> Self {
        self.hides_values = hidden;
        self
    }

    /// The warm-up that can be asked for. Default: none.
    pub fn warm_up(mut self, warm_up: WarmUp) -> Self {
        self.warm_up = Some(warm_up);
        self
    }

    /// How many clients can listen to the events at once; one more is answered with 503. Default: 32.
    pub fn max_listeners(mut self, listeners: usize) -> Self {
        self.max_listeners = listeners;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a token that is too short, too long, or cannot stand in a header; it does not repeat
    /// the token.
    pub fn build(self) -> Result<Admin> {
        if self.token.as_deref().is_some_and(|token| !is_good(token)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the admin token: expected {MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} visible ASCII characters"
                ),
            ));
        }
        if !(1..=Semaphore::MAX_PERMITS).contains(&self.max_listeners) {
            let found = self.max_listeners;
            return Err(Error::new(
                ErrorKind::Config,
                format!("max_listeners is {found}: expected at least 1"),
            ));
        }
        if self.token.is_some() && !self.cache.engine.tells() {
            tracing::warn!(
                "the admin page will not show what this process invalidates: build the cache with `.events(true)`"
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
}

fn is_good(token: &str) -> bool {
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
