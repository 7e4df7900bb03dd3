//! Programs from Debian's packages, where they are missing.

use std::fmt;
use std::process::Command;

use anyhow::{Context, Error, Result, bail};

use crate::workspace::{output_of, run};

/// A program that is not there, and that cannot be installed from here.
#[derive(Debug)]
struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Whether this is the error of a program that is not there.
pub(crate) fn is_missing(error: &Error) -> bool {
    error.is::<Missing>()
}

/// Makes sure that a program is installed; gives its version line.
///
/// # Errors
/// When it is missing and cannot be installed: not root, no `apt-get`, no network.
pub(crate) fn install(program: &str, package: &str) -> Result<String> {
    if let Some(version) = version(program) {
        return Ok(version);
    }
    if output_of(Command::new("apt-get").arg("--version")).is_none() {
        bail!(Missing(format!("{program} is missing, and there is no apt-get to install it with")));
    }
    if output_of(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!(Missing(format!("{program} is missing; install it: sudo apt-get install {package}")));
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
