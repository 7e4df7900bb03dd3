//! Programs from Debian's packages, where they are missing.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::missing::missing;
use crate::workspace::{output_of, run};

/// Makes sure that a program is installed; gives its version line.
///
/// # Errors
/// When it is missing and cannot be installed: not root, no `apt-get`, no network.
pub(crate) fn install(program: &str, package: &str) -> Result<String> {
    if let Some(version) = version(program) {
        return Ok(version);
    }
    if output_of(Command::new("apt-get").arg("--version")).is_none() {
        bail!(missing(format!("{program} is missing, and there is no apt-get to install it with")));
    }
    if output_of(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!(missing(format!("{program} is missing; install it: sudo apt-get install {package}")));
    }
    apt_get(&["update", "-q"])?;
    apt_get(&["install", "-q", "-y", "--no-install-recommends", package])?;
    version(program).with_context(|| format!("{program} was installed, and still does not run"))
}

fn version(program: &str) -> Option<String> {
    output_of(Command::new(program).arg("--version"))
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}
