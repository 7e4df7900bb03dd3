//! `Demo`: the service, started for the checks.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace::{cargo, root, run, target_folder};

/// The service as a process of its own; it ends with this value.
#[derive(Debug)]
pub(crate) struct Demo {
    process: Child,
    url: String,
}

impl Demo {
    /// Builds the program.
    ///
    /// # Errors
    /// When it does not build.
    pub(crate) fn build() -> Result<()> {
        run(&mut cargo(&["build", "--quiet", "--package", "demo-service"]))
    }

    /// Starts it on a free port, with nothing set but `variables`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let program = target_folder().join("debug/demo-service");
        let mut process = Command::new(&program)
            .env_clear()
            .envs([("PORT", "0"), ("RUST_LOG", "error")])
            .envs(variables.iter().copied())
            .current_dir(root().join("xtask"))
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = process.stdout.take().context("the demo's output is not there")?;
        let mut greeting = String::new();
        BufReader::new(output).read_line(&mut greeting)?;
        let url = greeting.split_whitespace().find(|word| word.starts_with("http://"));
        let url =
            url.with_context(|| format!("the demo did not print where it listens: {greeting:?}"))?.to_owned();
        Ok(Demo { process, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
