//! Runs a case, and says what is wrong.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use jollycache::http::ResponseCache;
use tower::ServiceExt;

use super::case::{Case, From, Step, Want, Wanted, field};
use super::origin::{COUNT, NO_304, Origin, STEP};

/// As long as the suite lets a response age.
const WAIT: Duration = Duration::from_secs(3);

/// What came back.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: String,
}

pub(super) async fn run(
    case: Arc<Case>,
    service: ResponseCache<Origin>,
    origin: Origin,
) -> Result<(), String> {
    for (index, step) in case.steps.iter().enumerate() {
        let reply = send(&case, step, index + 1, service.clone()).await;
        let in_step = |what: String| format!("request {}: {what}", index + 1);
        check(&case, step, index + 1, &reply, &origin).map_err(in_step)?;
        if step.then_waits {
            tokio::time::sleep(WAIT).await;
        }
    }
    seen(&case, &origin)
}

async fn send(case: &Case, step: &Step, number: usize, service: ResponseCache<Origin>) -> Reply {
    let below = step.below.map(|below| format!("/{below}")).unwrap_or_default();
    let query = step.query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut request = Request::builder()
        .method(step.method)
        .uri(format!("/{}{below}{query}", case.name))
        .header("host", "origin.example")
        .header(STEP, number);
    for line in &step.sends {
        let (name, value) = field(line, &case.name);
        request = request.header(name, value.as_bytes());
    }
    let body = if matches!(step.method, "GET" | "HEAD") { Full::default() } else { Full::from("abc") };
    let request = request.body(body).expect("a request");
    match service.oneshot(request).await {
        Err(_) => Reply { status: 0, headers: HeaderMap::new(), body: String::new() },
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body: Bytes = body.collect().await.expect("a body").to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            Reply { status: head.status.as_u16(), headers: head.headers, body }
        }
    }
}

fn check(case: &Case, step: &Step, number: usize, reply: &Reply, origin: &Origin) -> Result<(), String> {
    let count = reply.headers.get(COUNT).and_then(|count| count.to_str().ok()?.parse::<usize>().ok());
    let is_304 = reply.status == StatusCode::NOT_MODIFIED.as_u16();
    match step.from {
        Some(From::Cache) if count.is_none() && is_304 => {}
        Some(From::Cache) if count.is_none_or(|count| count >= number) => {
            return Err("does not come from the cache".into());
        }
        Some(From::Service) if count != Some(number) => return Err("comes from the cache".into()),
        _ => {}
    }
    let wanted = match step.want_status {
        Wanted::AsGiven => Some(step.status),
        Wanted::This(status) => Some(status),
        Wanted::Any => None,
    };
    if reply.status == NO_304 {
        return Err("the service should have been asked for a 304".into());
    }
    if wanted.is_some_and(|wanted| wanted != reply.status) {
        return Err(format!("status {}, not {}", reply.status, wanted.unwrap_or_default()));
    }
    let first = origin.seen(case).first().map(|exchange| exchange.response.clone()).unwrap_or_default();
    step.wants.iter().try_for_each(|want| has(&reply.headers, want, &first))?;
    let given = step.body.as_deref().unwrap_or(&case.name);
    let body = match step.want_body {
        Wanted::This(body) => Some(body),
        Wanted::Any => None,
        Wanted::AsGiven if matches!(reply.status, 204 | 304) || step.method == "HEAD" => Some(""),
        Wanted::AsGiven => Some(given),
    };
    match body {
        Some(body) if body != reply.body => Err(format!("body {:?}, not {body:?}", reply.body)),
        _ => Ok(()),
    }
}

fn has(headers: &HeaderMap, want: &Want, first: &HeaderMap) -> Result<(), String> {
    let text = |headers: &HeaderMap, name: &str| {
        let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        (!lines.is_empty()).then(|| String::from_utf8_lossy(&lines.join(&b", "[..])).into_owned())
    };
    let found = |name: &str| text(headers, name);
    let is_so = match want {
        Want::Has(name) => found(name).is_some(),
        Want::Is(name, value) => found(name).as_ref() == Some(value),
        Want::IsNot(name, value) => found(name).as_ref() != Some(value),
        Want::Lacks(name) => found(name).is_none(),
        Want::Over(name, least) => {
            found(name).and_then(|value| value.parse::<u64>().ok()).is_some_and(|value| value > *least)
        }
        Want::AnswersStep(number) => found(STEP).as_ref() == Some(&number.to_string()),
        Want::AsAtFirst(name) => found(name) == text(first, name),
    };
    if is_so { Ok(()) } else { Err(format!("{want:?} is not so: {headers:?}")) }
}

/// Checks what the service saw.
fn seen(case: &Case, origin: &Origin) -> Result<(), String> {
    let all = origin.seen(case);
    for (index, step) in case.steps.iter().enumerate() {
        let exchange = all.iter().find(|exchange| exchange.step == index + 1);
        let missing = || format!("the service did not see request {}", index + 1);
        if let Some(From::Validated(name)) = step.from
            && !exchange.ok_or_else(missing)?.request.contains_key(name)
        {
            return Err(format!("request {} has no {name}", index + 1));
        }
        for line in &step.seen {
            let (name, value) = field(line, &case.name);
            let found = exchange.ok_or_else(missing)?.request.get(&name);
            if found.is_none_or(|found| found.as_bytes() != value.as_bytes()) {
                return Err(format!("request {}: {name} is {found:?}, not {value:?}", index + 1));
            }
        }
        if let Some(method) = step.seen_method
            && exchange.ok_or_else(missing)?.method != method
        {
            return Err(format!("request {} had another method", index + 1));
        }
    }
    Ok(())
}
