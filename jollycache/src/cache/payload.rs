//! The bytes of a value that is to be stored.

use bytes::Bytes;

use super::Cache;
use super::codec::encode;
use crate::Value;
use crate::error::Result;
use crate::region::Region;

impl Cache {
    /// Encodes a value that is to be stored in `region` with `tags` tags.
    ///
    /// # Errors
    /// When it cannot be stored. Each such value is counted, so that callers which store nothing then need not report it.
    pub(super) fn payload<V: Value>(&self, region: &Region, value: &V, tags: usize) -> Result<Bytes> {
        region.check_tags(tags)?;
        encode(value, self.engine.limits.value_bytes).inspect_err(|error| region.reject(error))
    }
}
