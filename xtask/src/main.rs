//! The project's own commands: `cargo xtask …`.

mod commands;
mod services;
mod steps;
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
    /// Install and start what the tests need, then check formatting, lints and every test.
    Test,
    /// Install and build the servers that the tests start, and say where they are.
    Services,
    /// Rewrite the expected texts of compile-fail cases and snapshots; look at the difference before you commit.
    Bless,
    /// Run the benchmarks of jollycache.
    Bench {
        /// Passed on to `cargo bench`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test => commands::test::run(),
        Command::Services => commands::services::run(),
        Command::Bless => commands::bless::run(),
        Command::Bench { arguments } => commands::bench::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
