//! `cargo xtask test`: the checks that must pass before a change lands.

use std::ffi::OsString;

use anyhow::{Context, Result};

use super::{alerts, dependencies, package, spelling, verify};
use crate::services::ferretdb::{Build, FERRETDB_VARIABLE, Source};
use crate::services::{chromium, is_missing, redis};
use crate::steps::{Done, Steps, Stopwatch};
use crate::verify::Login;
use crate::workspace::{self, cargo};

/// The features of jollycache, each of which has to build without the others; "" is none at all.
const FEATURES: [&str; 12] = [
    "",
    "admin",
    "http",
    "http,rate-limit",
    "macros",
    "memory",
    "metrics",
    "openapi",
    "rate-limit",
    "redis",
    "tower-sessions",
    "uuid",
];

/// Runs every step, then fails if one of them failed.
pub(crate) fn run() -> Result<()> {
    let stopwatch = Stopwatch::start();
    let mut steps = Steps::default();
    // Built beside the checks below, which use other files.
    let ferretdb = Build::start();

    steps.run("redis-server", || {
        println!("{}", redis::install()?);
        Ok(Done::Ok)
    });
    steps.run("chromium", || {
        or_skipped("browser tests", chromium::install().map(|version| println!("{version}")))
    });
    steps.run("alert rules", || or_skipped("alert rules", alerts::check()));
    steps.run("spelling", || or_skipped("spelling", spelling::check()));
    steps.run("dependencies", || or_skipped("dependencies", dependencies::check()));
    steps.run("format", || check(&["fmt", "--all", "--check"]));
    steps.run("clippy", || {
        check(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"])
    });
    steps.run("each feature alone", each_feature);
    steps.run("documentation", documentation);
    steps.run("package", package::check);
    let ferretdb = finish(ferretdb, &mut steps);
    steps.run("tests, doc tests and compile-fail tests", || {
        let mut tests = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
        tests.envs(ferretdb);
        workspace::run(&mut tests)?;
        Ok(Done::Ok)
    });
    steps.run("verify", || {
        verify::own(&Login::demo())?;
        Ok(Done::Ok)
    });
    steps.summary(stopwatch.elapsed())
}

/// Skips a step whose program is not installed; in CI it fails instead.
fn or_skipped(what: &str, done: Result<()>) -> Result<Done> {
    match done {
        Ok(()) => Ok(Done::Ok),
        Err(error) if is_missing(&error) && !workspace::is_ci() => {
            println!("{what}: skipped: {error:#}");
            Ok(Done::Skipped)
        }
        Err(error) => Err(error),
    }
}

fn check(arguments: &[&str]) -> Result<Done> {
    workspace::run(&mut cargo(arguments))?;
    Ok(Done::Ok)
}

/// Rustdoc finds broken links, which the compiler does not.
fn documentation() -> Result<Done> {
    let mut rustdoc = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    workspace::run(rustdoc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Done::Ok)
}

fn each_feature() -> Result<Done> {
    for features in FEATURES {
        let only = ["--package", "jollycache", "--lib", "--no-default-features", "--features", features];
        let quiet = ["clippy", "--quiet"].into_iter();
        let arguments: Vec<_> = quiet.chain(only).chain(["--", "--deny", "warnings"]).collect();
        workspace::run(&mut cargo(&arguments)).with_context(|| format!("with the features {features:?}"))?;
    }
    Ok(Done::Ok)
}

/// Waits for the build, and returns the variable with the path of its result for the tests.
fn finish(build: Result<Build>, steps: &mut Steps) -> Option<(&'static str, OsString)> {
    let mut variable = None;
    steps.run("ferretdb (built in the background)", || {
        let mongodb = build?.finish()?;
        match mongodb.source {
            Source::External => println!("MongoDB: the server of MONGODB_URI"),
            Source::Built(program) => {
                println!("{} in {:.1} s", program.display(), mongodb.took.as_secs_f64());
                variable = Some((FERRETDB_VARIABLE, program.into_os_string()));
            }
            Source::None(reason) if workspace::is_ci() => anyhow::bail!("MongoDB tests cannot run: {reason}"),
            Source::None(reason) => {
                println!("MongoDB tests are skipped: {reason}");
                return Ok(Done::Skipped);
            }
        }
        Ok(Done::Ok)
    });
    variable
}
