//! The two published crates as a registry gets them: packaged, built from their tarballs, documented.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::steps::Done;
use crate::workspace::{cargo, output_of, run, target_folder};

/// The published crates; cargo packages them together, so that the one finds the other before a registry has it.
const CRATES: [&str; 2] = ["jollycache-macros", "jollycache"];
/// What a package carries beside its sources, all of it symbolic links or shared files in the repository.
const PAPERS: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// The workspace's profile, which a packaged manifest lacks: with it, dependencies that are built already are used again.
const PROFILE: [&str; 4] = [
    "--config",
    "profile.dev.debug = 'line-tables-only'",
    "--config",
    "profile.dev.package.'*'.debug = false",
];

/// # Errors
/// When a crate cannot be packaged, lacks a file, does not build from its tarball with default features, or has broken
/// documentation there.
pub(crate) fn check() -> Result<Done> {
    if !registry_answers() {
        println!("package: skipped: the registry of crates cannot be reached");
        return Ok(Done::Skipped);
    }
    // Uncommitted work is packaged too: this checks what a commit would publish.
    let mut publish = cargo(&["publish", "--quiet", "--dry-run", "--allow-dirty"]);
    publish.args(PROFILE).args(CRATES.iter().flat_map(|name| ["--package", name]));
    run(&mut publish)?;

    let packages = target_folder().join("package");
    for name in CRATES {
        let unpacked = unpacked(&packages, name)?;
        for file in PAPERS {
            ensure!(unpacked.join(file).is_file(), "the package of {name} has no {file}");
        }
    }
    run(&mut documentation(&packages)?).context("the documentation of the packaged crate does not build")?;
    Ok(Done::Ok)
}

/// Whether cargo reaches its registry, wherever its configuration puts that.
fn registry_answers() -> bool {
    let mut update = cargo(&["update", "--quiet", "--dry-run", "--package", "bytes"]);
    update.env("CARGO_NET_RETRY", "0").env("CARGO_HTTP_TIMEOUT", "10");
    output_of(&mut update).is_some()
}

/// Where cargo left the content of a tarball.
fn unpacked(packages: &Path, name: &str) -> Result<PathBuf> {
    let folder = packages.join(format!("{name}-{}", env!("CARGO_PKG_VERSION")));
    ensure!(folder.is_dir(), "cargo left no package in {}", folder.display());
    Ok(folder)
}

/// Rustdoc on the unpacked crate, as docs.rs runs it: with all features, and the guides that the package holds.
fn documentation(packages: &Path) -> Result<Command> {
    let macros = unpacked(packages, "jollycache-macros")?;
    let manifest = unpacked(packages, "jollycache")?.join("Cargo.toml");
    let mut rustdoc = cargo(&["doc", "--quiet", "--no-deps", "--all-features", "--manifest-path"]);
    rustdoc.arg(manifest).args(PROFILE);
    // No registry has this version of the macros yet.
    rustdoc.arg("--config").arg(format!("patch.crates-io.jollycache-macros.path = '{}'", macros.display()));
    rustdoc.env("CARGO_TARGET_DIR", target_folder()).env("RUSTDOCFLAGS", "-D warnings");
    Ok(rustdoc)
}
