//! What to do when a server that tests need cannot be had.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Mutex;

static SAID: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Says once a process, past the capture of test output, that the tests of `server` are skipped.
///
/// # Panics
/// Under `CI=true`, where nothing may be skipped.
pub fn skip(server: &'static str, reason: &str) {
    let line = format!("{server} tests are skipped: {reason}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    let first = SAID.lock().is_ok_and(|mut said| said.insert(server));
    if first {
        // Nobody to tell when standard error is gone.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
