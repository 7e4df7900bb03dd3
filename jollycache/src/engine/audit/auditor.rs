//! `Auditor`: what is audited, and how.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::backend::ScanCursor;
use crate::engine::TypeOf;
use crate::key::{Key, Pattern};
use crate::region::Region;

/// What the source has under a key, encoded.
#[derive(Debug)]
pub(crate) struct Sourced {
    pub(crate) payload: Bytes,
    /// Whether it decodes to the same value.
    pub(crate) is_kept: bool,
}

/// The value that the source has under a key; `None` where it has nothing.
pub(crate) type Loaded = std::result::Result<Option<Sourced>, Box<dyn std::error::Error + Send + Sync>>;
pub(super) type LoadFuture = Pin<Box<dyn Future<Output = Loaded> + Send>>;

/// What is audited, and how.
pub(crate) struct Auditor {
    pub(crate) region: Arc<Region>,
    pub(crate) type_of: TypeOf,
    pub(crate) pattern: Pattern,
    pub(crate) sample: usize,
    pub(crate) every: Duration,
    /// Differences are evicted and never replaced.
    pub(crate) only_evicts: bool,
    pub(crate) load: Box<dyn Fn(Key) -> LoadFuture + Send + Sync>,
    /// Whether two payloads that differ stand for one value.
    pub(crate) same: fn(&[u8], &[u8]) -> bool,
    /// Where the last round's scan ended.
    pub(crate) cursor: Mutex<Option<ScanCursor>>,
}

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor")
            .field("region", &self.region.name)
            .field("sample", &self.sample)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
