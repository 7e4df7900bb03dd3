//! `Products`: the repository, the cache and the clock that the use cases share.

use std::sync::Arc;

use jollycache::Cache;

use super::{Clock, ProductRepository};

/// The use cases of products: one method each, in a file of its name. Cheap to clone; clones share everything.
///
/// Each file is one `impl` block under `#[cache_config]`, which gives the block's region and cache. The blocks that
/// store a product also give its lifetime, `ttl = "30m", stale = "10m"`. It is repeated as a literal and not shared as
/// a constant, because an expression overrides the policy of the region, and with it the lifetime that the
/// configuration sets (`CACHE_LONG_TTL`); a literal does not.
#[derive(Debug, Clone)]
pub struct Products {
    pub(super) cache: Cache,
    pub(super) repository: Arc<dyn ProductRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Products {
    /// Creates the use cases over one repository and one cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>, clock: Arc<dyn Clock>) -> Self {
        Products { cache, repository, clock }
    }
}
