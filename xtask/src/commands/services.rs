//! `cargo xtask services`.

use anyhow::Result;

use crate::services::ferretdb::{Build, Source};
use crate::services::{chromium, redis};

/// Installs and builds the servers that the tests start, and prints where they are.
pub(crate) fn run() -> Result<()> {
    let build = Build::start();
    println!("redis-server: {}", redis::install()?);
    println!("chromium: {}", chromium::install()?);
    match build?.finish()?.source {
        Source::External => println!("MongoDB: the server of MONGODB_URI"),
        Source::Built(program) => println!("ferretdb: {}", program.display()),
        Source::None(reason) => println!("MongoDB tests are skipped: {reason}"),
    }
    Ok(())
}
