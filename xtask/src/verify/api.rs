//! The client: one request at a time, with cookies.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request, Response};

use super::samples::Samples;
use crate::steps::Stopwatch;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the client waits for its turn when it has been limited, in seconds.
const LONGEST_RETRY: u64 = 90;

/// The user of a demo that is configured with nothing.
pub(crate) const DEMO_USERNAME: &str = "demo";
/// Known to all, and so taken only in development.
pub(crate) const DEMO_PASSWORD: &str = "demo-password";

/// The user that logs in.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Login {
    /// Returns the default user of a demo in development.
    pub(crate) fn demo() -> Self {
        Login { username: DEMO_USERNAME.to_owned(), password: DEMO_PASSWORD.to_owned() }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A demo, seen from outside.
pub(crate) struct Api {
    base: String,
    agent: Agent,
    samples: Samples,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .user_agent("cargo-xtask-verify")
            .build();
        Api { base: url.trim_end_matches('/').to_owned(), agent: config.into(), samples: Samples::default() }
    }

    /// What the answers took, by kind.
    pub(crate) fn into_samples(self) -> Samples {
        self.samples
    }

    pub(crate) fn get(&mut self, kind: &'static str, path: &str) -> Result<Answer> {
        self.send(kind, "GET", path, &[], None)
    }

    pub(crate) fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        self.send("writes", method, path, &[("content-type", "application/json")], Some(body.to_string()))
    }

    /// Sends a request. A rate limited one is repeated once, after its `Retry-After`: earlier checks, or other clients at
    /// the same address, may have used up the limit.
    pub(crate) fn send(
        &mut self,
        kind: &'static str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer> {
        let answer = self.send_once(kind, method, path, headers, body.clone())?;
        if answer.status != 429 {
            return Ok(answer);
        }
        let wait = answer.number("retry-after")?;
        ensure!(wait <= LONGEST_RETRY, "limited, with Retry-After: {wait}");
        eprintln!("    limited: waits {wait} s");
        sleep(Duration::from_secs(wait));
        self.send_once(kind, method, path, headers, body)
    }

    /// As [`Api::send`], and takes a limit for an answer.
    pub(crate) fn send_once(
        &mut self,
        kind: &'static str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let stopwatch = Stopwatch::start();
        let answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let answer = Answer::read(answer.with_context(|| format!("{method} {url}"))?)?;
        self.samples.add(kind, stopwatch.elapsed());
        Ok(answer)
    }
}

impl Answer {
    fn read(response: Response<ureq::Body>) -> Result<Self> {
        let (head, mut body) = response.into_parts();
        let text = body.read_to_string().context("the body cannot be read as text")?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, text })
    }

    /// The `data` of a success.
    pub(crate) fn data(self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "expected {status}, found {}: {}", self.status, cut(&self.text));
        let mut json: Value = serde_json::from_str(&self.text).context("the answer is not JSON")?;
        ensure!(json["success"] == true, "no success: {}", cut(&self.text));
        Ok(json["data"].take())
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Result<&str> {
        let Some(value) = self.headers.get(name) else {
            bail!("the answer ({}) has no header {name}", self.status);
        };
        value.to_str().with_context(|| format!("header {name}"))
    }

    /// A header's number.
    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        let text = self.header(name)?;
        text.parse().with_context(|| format!("header {name}: expected a number, found {text:?}"))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Waits for the time of a `Retry-After`.
#[allow(clippy::disallowed_methods, reason = "a client of a limit has to wait for it")]
pub(super) fn sleep(time: Duration) {
    thread::sleep(time);
}
