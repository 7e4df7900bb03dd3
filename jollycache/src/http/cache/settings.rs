//! `Settings`: what a layer was built with, checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::record;
use super::request::Asked;
use super::route::Route;
use crate::cache::Cache;
use crate::engine::{Ask, Lookup, TypeOf};
use crate::entry::Codec;
use crate::key::Key;
use crate::policy::Policy;

/// See the module.
pub(super) struct Settings {
    pub(super) cache: Cache,
    pub(super) region: Box<str>,
    pub(super) name: Box<str>,
    pub(super) routes: matchit::Router<Arc<Route>>,
    pub(super) default_route: Option<Arc<Route>>,
    pub(super) max_body_bytes: usize,
    pub(super) keep_stale: Duration,
    pub(super) honours_requests: bool,
    pub(super) shows_key: bool,
    pub(super) targeted: Option<HeaderName>,
    pub(super) credentials: Vec<HeaderName>,
    /// Fields of requests that the service does not see.
    pub(super) stripped: Vec<HeaderName>,
    /// Fields of responses that are not stored.
    pub(super) not_stored: Vec<HeaderName>,
}

impl Settings {
    /// The read of a key, for a request.
    pub(super) fn lookup(&self, key: &Key, asked: &Asked) -> Lookup {
        let ask = Ask {
            region: &self.region,
            key,
            tags: &asked.tags,
            policies: [&Policy::UNSET, &Policy::UNSET],
            type_of: TypeOf { fingerprint: record::FINGERPRINT, schema: 0 },
        };
        let lookup = Lookup::new(&self.cache.engine, &ask);
        Lookup { serves_stale: record::serves_stale, codec: Codec::Http, ..lookup }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
