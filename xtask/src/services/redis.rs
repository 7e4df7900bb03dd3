//! `redis-server`, from Debian's packages where it is missing.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{output_of, run};

/// Makes sure that `redis-server` is installed; gives its version line.
///
/// # Errors
/// When it is missing and cannot be installed: not root, no `apt-get`, no network.
pub(crate) fn install() -> Result<String> {
    if let Some(version) = version() {
        return Ok(version);
    }
    if output_of(Command::new("apt-get").arg("--version")).is_none() {
        bail!(
            "redis-server is missing, and there is no apt-get to install it with: install Redis 7.0 or later"
        );
    }
    if output_of(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!("redis-server is missing; install it: sudo apt-get install redis-server");
    }
    apt_get(&["update", "-q"])?;
    apt_get(&["install", "-q", "-y", "--no-install-recommends", "redis-server"])?;
    version().context("redis-server was installed, and still does not run")
}

fn version() -> Option<String> {
    output_of(Command::new("redis-server").arg("--version"))
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}
