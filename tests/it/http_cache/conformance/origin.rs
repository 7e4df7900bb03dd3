//! `Origin`: the service that gives what the cases say, and keeps book.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::Service;

use super::case::{Case, From, field};

/// Which step of a case a request is.
pub(super) const STEP: &str = "test-step";
/// The how manieth request of a case the service answered.
pub(super) const COUNT: &str = "server-request-count";
/// Stands for a 304 that could not be given, since the request was not the right conditional one.
pub(super) const NO_304: u16 = 999;

/// A request that the service saw, and the fields it gave.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) step: usize,
    pub(super) method: Method,
    pub(super) request: HeaderMap,
    pub(super) response: HeaderMap,
}

/// The cases by name, with the exchanges of each.
type Book = HashMap<String, (Arc<Case>, Vec<Exchange>)>;

#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    cases: Arc<Mutex<Book>>,
}

impl Origin {
    pub(super) fn add(&self, case: &Arc<Case>) {
        let before = self.cases.lock().unwrap().insert(case.name.clone(), (case.clone(), Vec::new()));
        assert!(before.is_none(), "two cases are called {}", case.name);
    }

    pub(super) fn seen(&self, case: &Case) -> Vec<Exchange> {
        self.cases.lock().unwrap()[&case.name].1.clone()
    }

    fn answer(&self, request: &Request<Full<Bytes>>) -> (Response<Full<Bytes>>, std::time::Duration, bool) {
        let path = request.uri().path().to_owned();
        let name = path.split('/').nth(1).unwrap_or_default();
        let mut cases = self.cases.lock().unwrap();
        let (case, seen) = cases.get_mut(name).expect("a case");
        let number: usize = request.headers()[STEP].to_str().unwrap().parse().unwrap();
        let step = &case.steps[number - 1];
        let mut status = step.status;
        if let Some(From::Validated(_)) = step.from {
            let before = seen.iter().rev().find(|exchange| exchange.step < number);
            let matches = |sent: HeaderName, given: HeaderName| {
                let given = before.and_then(|exchange| exchange.response.get(given));
                given.is_some() && request.headers().get(sent) == given
            };
            let is_known = matches(IF_NONE_MATCH, ETAG) || matches(IF_MODIFIED_SINCE, LAST_MODIFIED);
            status = if is_known { 304 } else { NO_304 };
        }
        let mut headers = HeaderMap::new();
        for line in &step.gives {
            let (name, value) = field(line, &format!("/{}", case.name));
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(name.parse::<HeaderName>().unwrap(), value);
        }
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
        seen.push(Exchange {
            step: number,
            method: request.method().clone(),
            request: request.headers().clone(),
            response: headers.clone(),
        });
        headers.insert(COUNT, HeaderValue::from(seen.len()));
        headers.insert(STEP, HeaderValue::from(number));
        let body = step.body.clone().unwrap_or_else(|| case.name.clone());
        let has_body = !matches!(status, 204 | 304) && request.method() != Method::HEAD;
        let mut response = Response::new(if has_body { Full::from(body) } else { Full::default() });
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers;
        (response, step.takes, step.fails)
    }
}

impl Service<Request<Full<Bytes>>> for Origin {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, &'static str>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let (response, takes, fails) = self.answer(&request);
        Box::pin(async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            if fails { Err("the connection was closed") } else { Ok(response) }
        })
    }
}
