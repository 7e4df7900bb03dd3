//! `redis-server`, version 7.0 or later, from Debian's packages where it is missing.

use anyhow::Result;

use super::apt;

/// Makes sure that `redis-server` is installed; gives its version line.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn install() -> Result<String> {
    apt::install("redis-server", "redis-server")
}
