//! The project's own commands: `cargo xtask …`.

mod commands;
mod services;
mod steps;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install the servers that the tests need, then check formatting, lints and every test.
    Test,
    /// Install and build the servers that the tests start, and print where they are.
    Services,
    /// Package the published crates, build them from their tarballs and document them there; nothing is uploaded.
    Package,
    /// Check the spelling of all files.
    Spelling,
    /// Rewrite the expected texts of compile-fail cases and snapshots; look at the difference before you commit.
    Bless,
    /// Check a running demo: connection, caching, invalidation, limits, sessions, metrics. Ends with 0 if all is well,
    /// with 2 if the demo runs without its cache, and with 1 if something is wrong.
    Verify {
        /// The address of the demo. Without it, demos are started, and the API's document is checked against them too.
        #[arg(long)]
        url: Option<String>,
        /// The user that logs in.
        #[arg(long, env = "VERIFY_USERNAME", default_value = verify::DEMO_USERNAME)]
        username: String,
        /// The password of that user.
        #[arg(long, env = "VERIFY_PASSWORD", default_value = verify::DEMO_PASSWORD, hide_env_values = true)]
        password: String,
    },
    /// Run the benchmarks of `tests/benches`, or with `--peers` those of `tests/peers`.
    Bench {
        /// Compare with other caches and bare clients instead, in about a minute. Builds them first, which takes longer.
        #[arg(long)]
        peers: bool,
        /// Arguments of `cargo bench`, or of the comparison, such as `--only memory` or `--rounds 21`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let success = |()| ExitCode::SUCCESS;
    let done = match Cli::parse().command {
        Command::Test => commands::test::run().map(success),
        Command::Services => commands::services::run().map(success),
        Command::Package => commands::package::check().map(|_| ExitCode::SUCCESS),
        Command::Spelling => commands::spelling::check().map(success),
        Command::Bless => commands::bless::run().map(success),
        Command::Verify { url, username, password } => {
            let login = verify::Login { username, password };
            match url {
                Some(url) => commands::verify::running(&url, &login).map(verify::Verdict::exit_code),
                None => commands::verify::own(&login).map(success),
            }
        }
        Command::Bench { peers: true, arguments } => commands::bench::run_peers(&arguments).map(success),
        Command::Bench { peers: false, arguments } => commands::bench::run(&arguments).map(success),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
