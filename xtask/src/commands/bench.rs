//! `cargo xtask bench`.

use anyhow::Result;

use crate::services::redis;
use crate::workspace;

/// Runs the benchmarks of `tests/benches`; `arguments` go to `cargo bench`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    redis::install()?;
    workspace::run(workspace::cargo(&["bench", "-p", "jollycache-benches"]).args(arguments))
}
