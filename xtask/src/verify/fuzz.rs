//! The property-based client: schemathesis, which makes requests out of the document and compares the answers with it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{root, run, services_folder};

/// Pinned, so that a run tomorrow checks what today's did.
const PACKAGE: &str = "schemathesis==4.32.5";

/// Checks the document at `url` against the server there; `token` opens the admin calls.
///
/// # Errors
/// When the program cannot be installed, or finds a difference.
pub(crate) fn fuzz(url: &str, token: &str, requests: u32) -> Result<()> {
    let program = install()?;
    let folder = services_folder();
    run(Command::new(program)
        .current_dir(folder)
        .arg("--config-file")
        .arg(root().join("xtask/src/verify/schemathesis.toml"))
        .args(["run", &format!("{url}/api-docs/openapi.json"), "--no-color", "--continue-on-failure"])
        .args(["--max-examples", &requests.to_string()])
        // A fixed seed: a failure here is one everywhere.
        .args(["--seed", "20261121", "--generation-database", "none"])
        .args(["--header", &format!("Authorization: Bearer {token}")]))
}

/// Where the program is; it is installed in a folder of its own when it is not there.
fn install() -> Result<PathBuf> {
    let folder = services_folder().join("schemathesis");
    let (program, python) = (folder.join("bin/schemathesis"), folder.join("bin/python"));
    let installed = |program: &PathBuf| Command::new(program).arg("--version").output().is_ok();
    if installed(&program) {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .context("schemathesis needs python3 with venv")?;
    run(Command::new(python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PACKAGE,
    ]))?;
    Ok(program)
}
