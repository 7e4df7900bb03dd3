//! `cargo xtask bench`.

use anyhow::Result;

use crate::services::redis;
use crate::workspace;

/// Runs the benchmarks of `tests/benches`; `arguments` go to `cargo bench`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    redis::install()?;
    workspace::run(workspace::cargo(&["bench", "-p", "jollycache-benches"]).args(arguments))
}

/// Runs the comparison with other caches, `tests/peers`; `arguments` go to its program. It is a workspace of its own, so
/// its dependencies are built by this command only.
pub(crate) fn run_peers(arguments: &[String]) -> Result<()> {
    redis::install()?;
    let target = workspace::target_folder().join("peers");
    let mut cargo = workspace::cargo(&["run", "--release", "--manifest-path", "tests/peers/Cargo.toml"]);
    workspace::run(cargo.env("CARGO_TARGET_DIR", target).arg("--").args(arguments))
}
