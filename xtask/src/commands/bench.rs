//! `cargo xtask bench`.

use anyhow::Result;

use crate::services::redis;
use crate::workspace;

/// Runs the benchmarks of jollycache; `arguments` go to `cargo bench`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    redis::install()?;
    workspace::run(workspace::cargo(&["bench", "-p", "jollycache", "--all-features"]).args(arguments))
}
