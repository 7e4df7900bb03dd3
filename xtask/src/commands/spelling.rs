//! `typos`, by `typos.toml`.

use std::process::Command;

use anyhow::Result;

use crate::services::pip::TYPOS;
use crate::workspace::{root, run};

/// # Errors
/// When `typos` cannot be installed, or finds a mistake.
pub(crate) fn check() -> Result<()> {
    run(Command::new(TYPOS.install()?).current_dir(root()))
}
