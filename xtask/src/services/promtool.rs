//! `promtool`, which checks alert rules, from Debian's package of Prometheus where it is missing.

use anyhow::Result;

use super::apt;

/// Makes sure that it is installed; gives its version line.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn install() -> Result<String> {
    let version = apt::install("promtool", "prometheus")?;
    Ok(version.lines().next().unwrap_or_default().to_owned())
}
