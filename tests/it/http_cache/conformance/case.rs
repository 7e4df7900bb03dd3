//! `Case` and `Step`: what is sent, what the service gives, and what is to come of it.
//!
//! Fields are written as lines. A value `@n` is the date in `n` seconds; `{path}` is the path of the case.

use std::time::{Duration, SystemTime};

/// What a case is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Required,
    Optimal,
    Check,
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) steps: Vec<Step>,
}

/// Where a response is to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Cache,
    Service,
    /// From the cache, after the service answered 304 to this field.
    Validated(&'static str),
}

/// What a response is to have.
#[derive(Debug, Clone)]
pub(super) enum Want {
    Has(&'static str),
    Is(String, String),
    /// A number above this one.
    Over(&'static str, u64),
    /// As the service sent it in answer to the first request.
    AsAtFirst(&'static str),
    Lacks(String),
    /// It is the service's answer to this request.
    AnswersStep(usize),
    /// It lacks the field, or the field has another value.
    IsNot(String, String),
}

/// What a part of a response is to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<T> {
    /// As the service gave it.
    AsGiven,
    This(T),
    Any,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) method: &'static str,
    pub(super) query: Option<&'static str>,
    pub(super) below: Option<&'static str>,
    pub(super) sends: Vec<String>,
    pub(super) status: u16,
    pub(super) gives: Vec<String>,
    pub(super) body: Option<String>,
    pub(super) fails: bool,
    pub(super) takes: Duration,
    pub(super) from: Option<From>,
    /// Instead of the service's.
    pub(super) want_status: Wanted<u16>,
    pub(super) want_body: Wanted<&'static str>,
    pub(super) wants: Vec<Want>,
    /// What the service is to see.
    pub(super) seen: Vec<&'static str>,
    pub(super) seen_method: Option<&'static str>,
    pub(super) then_waits: bool,
}

pub(super) fn step() -> Step {
    Step {
        method: "GET",
        query: None,
        below: None,
        sends: Vec::new(),
        status: 200,
        gives: Vec::new(),
        body: None,
        fails: false,
        takes: Duration::ZERO,
        from: None,
        want_status: Wanted::AsGiven,
        want_body: Wanted::AsGiven,
        wants: Vec::new(),
        seen: Vec::new(),
        seen_method: None,
        then_waits: false,
    }
}

/// A response that stays fresh.
pub(super) fn fresh() -> Step {
    step().gives("Cache-Control: max-age=100000").gives("Date: @0").waits()
}

/// A response that is stale at once.
pub(super) fn stale() -> Step {
    step().gives("Expires: @-5000").gives("Last-Modified: @-100000").gives("Date: @0").waits()
}

/// A response that is stale when the next request is made.
pub(super) fn becomes_stale() -> Step {
    step().gives("Cache-Control: max-age=2").gives("Date: @0").gives("Template-A: 1").waits()
}

impl Step {
    pub(super) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(super) fn query(mut self, query: &'static str) -> Self {
        self.query = Some(query);
        self
    }

    pub(super) fn below(mut self, name: &'static str) -> Self {
        self.below = Some(name);
        self
    }

    pub(super) fn sends(mut self, line: &str) -> Self {
        self.sends.push(line.to_owned());
        self
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn gives(mut self, line: &str) -> Self {
        self.gives.push(line.to_owned());
        self
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    pub(super) fn fails(mut self) -> Self {
        self.fails = true;
        self
    }

    pub(super) fn takes(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }

    pub(super) fn cached(mut self) -> Self {
        self.from = Some(From::Cache);
        self
    }

    pub(super) fn not_cached(mut self) -> Self {
        self.from = Some(From::Service);
        self
    }

    pub(super) fn etag_validated(mut self) -> Self {
        self.from = Some(From::Validated("if-none-match"));
        self
    }

    pub(super) fn date_validated(mut self) -> Self {
        self.from = Some(From::Validated("if-modified-since"));
        self
    }

    pub(super) fn want_status(mut self, status: u16) -> Self {
        self.want_status = Wanted::This(status);
        self
    }

    /// Whatever the status and the body.
    pub(super) fn any(mut self) -> Self {
        self.want_status = Wanted::Any;
        self.any_body()
    }

    pub(super) fn any_body(mut self) -> Self {
        self.want_body = Wanted::Any;
        self
    }

    pub(super) fn want_body(mut self, body: &'static str) -> Self {
        self.want_body = Wanted::This(body);
        self
    }

    pub(super) fn wants(mut self, want: Want) -> Self {
        self.wants.push(want);
        self
    }

    pub(super) fn want(self, name: &str, value: &str) -> Self {
        self.wants(Want::Is(name.to_owned(), value.to_owned()))
    }

    pub(super) fn lacks(self, name: &str) -> Self {
        self.wants(Want::Lacks(name.to_owned()))
    }

    pub(super) fn seen(mut self, line: &'static str) -> Self {
        self.seen.push(line);
        self
    }

    pub(super) fn seen_method(mut self, method: &'static str) -> Self {
        self.seen_method = Some(method);
        self
    }

    pub(super) fn waits(mut self) -> Self {
        self.then_waits = true;
        self
    }
}

/// Name and value of a line.
pub(super) fn field(line: &str, path: &str) -> (String, String) {
    let (name, value) = line.split_once(':').expect("a line has a name");
    let value = value.strip_prefix(' ').unwrap_or(value);
    let value = match value.strip_prefix('@') {
        Some(seconds) => date(seconds.parse().expect("seconds")),
        None => value.replace("{path}", path),
    };
    (name.to_ascii_lowercase(), value)
}

fn date(seconds: i64) -> String {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    httpdate::fmt_http_date(if seconds < 0 { now - by } else { now + by })
}
