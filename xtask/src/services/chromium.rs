//! Chromium and its driver, which look at the admin page, from Debian's packages where they are missing.

use anyhow::Result;

use super::apt;

/// Makes sure that both are installed; gives their version lines.
///
/// # Errors
/// When one is missing and cannot be installed.
pub(crate) fn install() -> Result<String> {
    let browser = apt::install("chromium", "chromium")?;
    let driver = apt::install("chromedriver", "chromium-driver")?;
    Ok(format!("{browser}, {driver}"))
}
