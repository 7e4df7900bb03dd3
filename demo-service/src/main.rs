//! Runs the JollyJet product API until SIGINT or SIGTERM. With `--health` it checks a running one.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use demo_service::app::App;
use demo_service::config::Config;
use demo_service::health::is_healthy;
use demo_service::telemetry::Telemetry;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let result = match arguments.as_slice() {
        [] => run().await,
        [only] if only == "--health" => check(),
        _ => Err("the only argument is --health".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let config = Config::load()?;
    let telemetry = Telemetry::start(&config)?;
    let served = serve(&config).await;
    telemetry.end().await;
    served
}

fn check() -> Result<(), Box<dyn Error>> {
    if is_healthy(&Config::load()?)? { Ok(()) } else { Err("the service is not healthy".into()) }
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error>> {
    let app = App::start(config).await?;
    print_address(&app, config.admin.token.is_some());
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    app.serve(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
    .await?;
    Ok(())
}

/// Prints the address and examples. Standard output may be closed, which must not end the service.
fn print_address(app: &App, has_admin: bool) {
    let url = format!("http://{}", app.address());
    let (repository, cache) = (app.repository_name(), app.cache_name());
    let _ = writeln!(
        io::stdout(),
        "The JollyJet product API listens on {url} (products: {repository}, cache: {cache}).\n\
         Try:\n  curl '{url}/api/products?category=Flights&limit=3'\n  curl '{url}/api/products?search=beach'\n  \
         curl {url}/api/cache/stats\n  curl {url}/health\nand see {url}/docs for the rest.",
    );
    if has_admin {
        let _ = writeln!(io::stdout(), "The admin page is at {url}/cache.");
    }
}
