//! Skips tests whose server is not installed.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Mutex;

static PRINTED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Prints once in a process, past the capture of test output, that the tests of `server` are skipped.
///
/// # Panics
/// Under `CI=true`, where nothing may be skipped.
pub fn skip(server: &'static str, reason: &str) {
    let line = format!("{server} tests are skipped: {reason}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    let first = PRINTED.lock().is_ok_and(|mut printed| printed.insert(server));
    if first {
        // A closed standard error must not fail the test.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
