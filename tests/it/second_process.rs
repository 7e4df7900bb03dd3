//! A second process for a test: this binary once more, running one test that is otherwise ignored.

use std::env;
use std::process::Stdio;

use tokio::process::{Child, Command};

const URL_VARIABLE: &str = "JOLLYCACHE_IT_SECOND_PROCESS_URL";

/// Starts the ignored test of this path, such as `processes::the_other_process`, on the server at `url`. Its standard
/// input and output are pipes. Killed on drop.
pub(crate) fn start(test: &str, url: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(URL_VARIABLE, url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// In the second process: the address of the server.
pub(crate) fn url() -> String {
    env::var(URL_VARIABLE).unwrap()
}
