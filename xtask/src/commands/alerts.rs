//! Prometheus' own check of `ops/`: the rules, their tests, the configuration.

use std::process::Command;

use anyhow::Result;

use crate::services::promtool;
use crate::workspace::{root, run};

/// # Errors
/// When `promtool` cannot be installed, or finds something.
pub(crate) fn check() -> Result<()> {
    println!("{}", promtool::install()?);
    let promtool =
        |arguments: &[&str]| run(Command::new("promtool").current_dir(root().join("ops")).args(arguments));
    promtool(&["check", "rules", "alerts.yml"])?;
    promtool(&["test", "rules", "alerts_test.yml"])?;
    promtool(&["check", "config", "--syntax-only", "prometheus.yml"])
}
