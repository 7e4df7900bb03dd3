//! FerretDB: a MongoDB server that needs nothing but Go to be built, and keeps its data in SQLite.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{env, io};

use anyhow::{Context, Result, anyhow, bail};

use crate::steps::Stopwatch;
use crate::workspace::{output_of, root, services_folder};

/// The variable by which the tests' fixture finds the program.
pub(crate) const FERRETDB_VARIABLE: &str = "JOLLYCACHE_FERRETDB";
/// The oldest Go that builds it: the one in `xtask/ferretdb/go.mod`.
const MIN_GO: (u32, u32) = (1, 24);

/// Where the tests get their MongoDB from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The server of `MONGODB_URI`.
    External,
    /// This program.
    Built(PathBuf),
    /// Nowhere, and why.
    None(String),
}

/// What a build came to.
#[derive(Debug)]
pub(crate) struct Built {
    /// Where the tests get their MongoDB from.
    pub(crate) source: Source,
    /// How long the compiler ran.
    pub(crate) took: Duration,
}

/// A build under way, or one that is not needed or not possible.
#[derive(Debug)]
pub(crate) enum Build {
    /// Nothing to wait for.
    Decided(Source),
    /// Waits for the compiler.
    Running(JoinHandle<Result<Built>>),
}

impl Build {
    /// Starts the build, where one is needed and possible. Go's own cache makes a second one short.
    ///
    /// # Errors
    /// When the compiler cannot be started.
    pub(crate) fn start() -> Result<Self> {
        if env::var_os("MONGODB_URI").is_some() {
            return Ok(Build::Decided(Source::External));
        }
        if let Err(reason) = check_go() {
            return Ok(Build::Decided(Source::None(reason)));
        }
        let folder = services_folder();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let program = folder.join("ferretdb");
        let log = folder.join("ferretdb-build.log");
        let stopwatch = Stopwatch::start();
        let compiler = compile(&program, &log).context("cannot start go")?;
        Ok(Build::Running(thread::spawn(move || {
            wait(compiler, &log)?;
            Ok(Built { source: Source::Built(program), took: stopwatch.elapsed() })
        })))
    }

    /// Waits for the end of the build.
    ///
    /// # Errors
    /// The compiler failed; the error has its output.
    pub(crate) fn finish(self) -> Result<Built> {
        match self {
            Build::Decided(source) => Ok(Built { source, took: Duration::ZERO }),
            Build::Running(compiler) => {
                compiler.join().unwrap_or_else(|_| Err(anyhow!("the thread that waits for go panicked")))
            }
        }
    }
}

fn compile(program: &Path, log: &Path) -> io::Result<Child> {
    let output = File::create(log)?;
    Command::new("go")
        .current_dir(root().join("xtask/ferretdb"))
        .args(["build", "-trimpath", "-tags", "ferretdb_no_postgresql", "-ldflags", "-s -w", "-o"])
        .arg(program)
        .arg(".")
        // A C compiler is not needed: its SQLite is translated to Go.
        .env("CGO_ENABLED", "0")
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
}

fn wait(mut compiler: Child, log: &Path) -> Result<()> {
    let status = compiler.wait()?;
    if !status.success() {
        let text = fs::read_to_string(log).unwrap_or_default();
        bail!("go build: {status}\n{}", text.trim_end());
    }
    Ok(())
}

/// Whether Go is there and new enough; otherwise why not.
fn check_go() -> Result<(), String> {
    // Outside of the module, because inside of it Go would first download the version that the module names.
    let found = output_of(Command::new("go").current_dir("/").args(["env", "GOVERSION"]));
    let version = found.ok_or("MONGODB_URI is not set, and there is no Go to build FerretDB with")?;
    match parse_go_version(&version) {
        Some(found) if found >= MIN_GO => Ok(()),
        _ => Err(format!(
            "MONGODB_URI is not set, and {version} is too old to build FerretDB: it needs Go {}.{} or later",
            MIN_GO.0, MIN_GO.1
        )),
    }
}

/// Reads `go1.24.3` (or `go1.25rc1`) as `(1, 24)`.
fn parse_go_version(version: &str) -> Option<(u32, u32)> {
    let (major, rest) = version.strip_prefix("go")?.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_are_ordered_by_number() {
        assert_eq!(parse_go_version("go1.24.3"), Some((1, 24)));
        assert_eq!(parse_go_version("go1.25rc1"), Some((1, 25)));
        assert_eq!(parse_go_version("go1.9"), Some((1, 9)));
        assert!(parse_go_version("go1.9") < Some(MIN_GO));
        assert_eq!(parse_go_version("devel go1.27-abc"), None);
    }

    #[test]
    fn the_module_requires_the_go_that_is_checked() {
        let module = fs::read_to_string(root().join("xtask/ferretdb/go.mod")).unwrap();
        assert!(module.contains(&format!("\ngo {}.{}\n", MIN_GO.0, MIN_GO.1)), "{module}");
    }
}
