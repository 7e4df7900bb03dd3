//! `cargo xtask bless`.

use anyhow::Result;

use crate::workspace;

/// Rewrites the macro expansions' snapshots and the compile-fail cases' expected texts.
pub(crate) fn run() -> Result<()> {
    let snapshots = ["test", "-p", "jollycache-macros"];
    workspace::run(workspace::cargo(&snapshots).env("UPDATE_EXPECT", "1"))?;
    let cases = ["test", "-p", "jollycache-ui-tests"];
    workspace::run(workspace::cargo(&cases).env("UPDATE_EXPECT", "1").env("TRYBUILD", "overwrite"))
}
