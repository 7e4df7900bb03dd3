//! `Settings`: the checked settings of a layer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::route::Route;
use crate::cache::Cache;

/// The checked settings of a layer, shared by the services that it makes.
pub(super) struct Settings {
    pub(super) cache: Cache,
    pub(super) region: Box<str>,
    pub(super) name: Box<str>,
    pub(super) routes: matchit::Router<Arc<Route>>,
    pub(super) default_route: Option<Arc<Route>>,
    pub(super) max_body_bytes: usize,
    pub(super) keep_stale: Duration,
    pub(super) honours_request_directives: bool,
    pub(super) shows_key: bool,
    pub(super) targeted: Option<HeaderName>,
    pub(super) credentials: Vec<HeaderName>,
    /// Request fields that are removed before the request is forwarded.
    pub(super) stripped: Vec<HeaderName>,
    /// Response fields that are not stored.
    pub(super) not_stored: Vec<HeaderName>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
