//! `cargo xtask verify`: checks a running demo.

use anyhow::{Result, ensure};

use crate::verify::{Demo, Login, Verdict, fuzz, verify};

/// The token of a demo that is started here.
const TOKEN: &str = "a-token-for-the-checks";
/// A port on which no Redis listens.
const NO_REDIS: &str = "redis://127.0.0.1:1";
/// The number of requests that the property-based client generates for each operation.
const REQUESTS: u32 = 50;

/// Checks the demo at `url`.
///
/// # Errors
/// When a check fails.
pub(crate) fn running(url: &str, login: &Login) -> Result<Verdict> {
    let report = verify(url, login);
    let verdict = report.verdict();
    report.print(url);
    ensure!(verdict != Verdict::Failed, "{url} is not as it should be");
    Ok(verdict)
}

/// Starts demos of its own, and checks each: a healthy one, and one whose Redis is unreachable. Then compares the API's
/// document with what is served.
///
/// # Errors
/// When a check fails, or the demo without its Redis is not reported as degraded.
pub(crate) fn own(login: &Login) -> Result<()> {
    Demo::build()?;
    let healthy = Demo::start(&[])?;
    let verdict = running(healthy.url(), login)?;
    ensure!(verdict == Verdict::Passed, "a healthy demo was reported as {verdict:?}");
    drop(healthy);

    let degraded = Demo::start(&[("REDIS_URL", NO_REDIS)])?;
    let verdict = running(degraded.url(), login)?;
    ensure!(verdict == Verdict::Degraded, "a demo without its Redis was reported as {verdict:?}");
    drop(degraded);

    let unlimited = Demo::start(&[("RATE_LIMIT_ENABLED", "false"), ("ADMIN_TOKEN", TOKEN)])?;
    fuzz(unlimited.url(), TOKEN, REQUESTS)
}
