//! `Browser`: a headless Chromium for one test.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::missing;

/// Longer than a start on a busy machine takes, by far.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A browser with a profile of its own, driven through a `chromedriver` of its own on a free port. Both end when this
/// is dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with a window of this size, or prints in one line why that is impossible and returns `None`.
    ///
    /// # Panics
    /// Under `CI=true`, where a test that does not run is a failure; and where the browser is there and does not start.
    pub async fn start(width: u32, height: u32) -> Option<Self> {
        Browser::start_with(json!({ "args": [format!("--window-size={width},{height}")] })).await
    }

    /// As [`Browser::start`], as the browser of a phone with a screen of this size.
    ///
    /// # Panics
    /// As [`Browser::start`].
    pub async fn start_phone(width: u32, height: u32) -> Option<Self> {
        let screen = json!({ "width": width, "height": height, "pixelRatio": 2, "touch": true });
        Browser::start_with(json!({ "args": [], "mobileEmulation": { "deviceMetrics": screen } })).await
    }

    async fn start_with(options: Value) -> Option<Self> {
        for program in ["chromium", "chromedriver"] {
            let started = Command::new(program).arg("--version").stdin(Stdio::null()).output().await;
            if let Err(error) = started {
                let install = "`cargo xtask services` installs it";
                missing::skip("browser", &format!("{program} cannot be run ({error}); {install}"));
                return None;
            }
        }
        let starting = Browser::launch(options);
        Some(tokio::time::timeout(START_LIMIT, starting).await.expect("chromium starts in time"))
    }

    async fn launch(mut options: Value) -> Self {
        let (driver, port) = start_driver().await;
        let profile = tempfile::tempdir().expect("a temporary folder");
        let arguments = [
            "--headless",
            // It ends when its driver ends, even when that is killed.
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ];
        let arguments = arguments.map(str::to_owned).into_iter();
        let arguments = arguments.chain([format!("--user-data-dir={}", profile.path().display())]);
        options["args"].as_array_mut().expect("arguments").extend(arguments.map(Value::String));
        let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts chromium");
        Browser { client, _driver: driver, _profile: profile }
    }

    /// Ends the browser, and waits until it has.
    ///
    /// # Panics
    /// If chromedriver does not answer.
    pub async fn close(self) {
        self.client.clone().close().await.expect("chromium ends");
    }
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Starts chromedriver on a port that it chooses, and waits until it prints the port.
async fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver starts");
    let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    while let Some(line) = lines.next_line().await.expect("its output is text") {
        let port = line.rsplit("on port ").next().filter(|_| line.contains("started successfully on port"));
        if let Some(port) = port.and_then(|port| port.trim_end_matches('.').parse().ok()) {
            // Later output is read too, because a full pipe would block it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, port);
        }
    }
    panic!("chromedriver ended without saying its port");
}
