//! The checks. Each sends requests as a client, and returns its observation; all they need is the service's address.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::api::{Answer, Api, Login};
use super::report::{Outcome, Report};

/// How many reads make up the latency table.
const READS: usize = 10;
/// The most requests sent to find a limit.
const MOST_REQUESTS: u64 = 5_000;

/// Runs every check against the demo at `url`.
pub(crate) fn verify(url: &str, login: &Login) -> Report {
    let mut report = Report::default();
    let mut api = Api::new(url);
    let mut degraded = false;
    report.check("connection", || {
        let outcome = connection(&mut api)?;
        degraded = matches!(outcome, Outcome::Degraded(_));
        Ok(outcome)
    });
    let before = limit_left(&mut api);
    report.check("second read cached", || second_read(&mut api, degraded));
    report.check("invalidation on update", || invalidation(&mut api));
    report.check("response cache", || response_cache(&mut api, degraded));
    report.check("sessions", || sessions(&mut api, login, degraded));
    report.check("metrics", || metrics(&mut api, degraded));
    report.check("documents", || documents(&mut api));
    report.check("latency", || latency(&mut api));
    if let Ok(stats) = api.get("operations", "/api/cache/stats").and_then(|answer| answer.data(200)) {
        report.hit_rates(&stats);
    }
    // The last one: it leaves nothing of the limit.
    report.check("rate limit", || rate_limit(&mut api, before?));
    report.timed(api.into_samples());
    report
}

fn connection(api: &mut Api) -> Result<Outcome> {
    let answer = api.get("operations", "/health")?;
    if answer.status == 503 {
        bail!("the store of products cannot be reached: {}", answer.text);
    }
    let health = answer.data(200)?;
    let (cache, store) = (&health["cache"]["backend"], &health["repository"]["backend"]);
    let (cache, store) = (cache.as_str().unwrap_or_default(), store.as_str().unwrap_or_default());
    match health["status"].as_str() {
        Some("ok") => Ok(Outcome::Passed(format!("cache {cache}, products {store}"))),
        Some("degraded") => Ok(Outcome::Degraded(format!("cache {cache} is away, products {store}"))),
        other => bail!("health says {other:?}"),
    }
}

fn second_read(api: &mut Api, degraded: bool) -> Result<Outcome> {
    let product = add_product(api)?;
    let path = path_of(&product)?;
    api.get("first reads", &path)?.data(200)?;
    let second = api.get("cached reads", &path)?;
    let status = second.header("cache-status")?.to_owned();
    second.data(200)?;
    remove(api, &path)?;
    cached("product", &status, degraded)
}

fn invalidation(api: &mut Api) -> Result<Outcome> {
    let product = add_product(api)?;
    let path = path_of(&product)?;
    let list = "/api/products?category=Verification&limit=1";
    api.get("first reads", &path)?.data(200)?;
    api.get("first reads", list)?.data(200)?;
    let changed = json!({ "name": "Changed by the check" });
    api.send_json("PUT", &path, &changed)?.data(200)?;
    let read = api.get("reads after a write", &path)?.data(200)?;
    let listed = api.get("reads after a write", list)?.data(200)?;
    remove(api, &path)?;
    let gone = api.get("reads after a write", &path)?;
    ensure!(read["name"] == changed["name"], "the product is old: {read}");
    ensure!(listed["products"][0]["name"] == changed["name"], "the list is old: {listed}");
    ensure!(gone.status == 404, "the product is still there: {}", gone.status);
    Ok(Outcome::Passed("product and list are new after an update, gone after a removal".to_owned()))
}

fn response_cache(api: &mut Api, degraded: bool) -> Result<Outcome> {
    let first = api.get("first reads", "/api/catalogue")?;
    let tag = first.header("etag")?.to_owned();
    first.data(200)?;
    let second = api.get("cached responses", "/api/catalogue")?;
    let status = second.header("cache-status")?.to_owned();
    second.data(200)?;
    let same = api.send("cached responses", "GET", "/api/catalogue", &[("if-none-match", &tag)], None)?;
    ensure!(same.status == 304, "expected 304 for the tag {tag}, found {}", same.status);
    cached("response", &status, degraded)
}

fn sessions(api: &mut Api, login: &Login, degraded: bool) -> Result<Outcome> {
    let credentials = json!({ "username": login.username, "password": login.password });
    let wrong = json!({ "username": login.username, "password": "not the password" });
    let refused = api.send_json("POST", "/api/auth/login", &wrong)?;
    ensure!(refused.status == 401, "a wrong password: expected 401, found {}", refused.status);
    let answer = api.send_json("POST", "/api/auth/login", &credentials)?;
    if degraded {
        ensure!(answer.status == 503, "without a cache: expected 503, found {}", answer.status);
        return Ok(Outcome::Degraded("login is unavailable without the cache".to_owned()));
    }
    let cookie = answer.header("set-cookie")?.to_owned();
    answer.data(200)?;
    ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "the cookie lacks its attributes");
    let me = api.get("sessions", "/api/auth/me")?.data(200)?;
    ensure!(me.to_string().contains(&login.username), "me is {me}");
    let out = api.send("sessions", "POST", "/api/auth/logout", &[], None)?;
    ensure!(out.status < 300, "logging out: {}", out.status);
    let after = api.get("sessions", "/api/auth/me")?;
    ensure!(after.status == 401, "after logging out: expected 401, found {}", after.status);
    Ok(Outcome::Passed("in, known, out, unknown".to_owned()))
}

fn metrics(api: &mut Api, degraded: bool) -> Result<Outcome> {
    let answer = api.get("operations", "/metrics")?;
    ensure!(answer.status == 200, "expected 200, found {}", answer.status);
    let samples = answer.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    for name in ["jollycache_reads_total", "jollycache_connected"] {
        ensure!(answer.text.contains(name), "{name} is missing among {samples} samples");
    }
    let seen = format!("{samples} samples");
    Ok(if degraded { Outcome::Degraded(seen) } else { Outcome::Passed(seen) })
}

fn documents(api: &mut Api) -> Result<Outcome> {
    let answer = api.get("operations", "/api-docs/openapi.json")?;
    let document: Value = serde_json::from_str(&answer.text).context("the document is not JSON")?;
    let version = document["openapi"].as_str().unwrap_or_default();
    ensure!(version.starts_with("3.1"), "expected OpenAPI 3.1, found {version:?}");
    let docs = api.get("operations", "/docs/")?.status;
    ensure!(docs == 200, "/docs/: expected 200, found {docs}");
    let admin = match api.get("operations", "/cache")?.status {
        200 => "with the admin page",
        404 => "without the admin page",
        status => bail!("/cache: expected 200, or 404 where no token is set, found {status}"),
    };
    let paths = document["paths"].as_object().map_or(0, serde_json::Map::len);
    Ok(Outcome::Passed(format!("OpenAPI {version}, {paths} paths, {admin}")))
}

fn latency(api: &mut Api) -> Result<Outcome> {
    for _ in 0..READS {
        api.get("cached reads", "/api/products?limit=3")?.data(200)?;
        api.get("cached responses", "/api/catalogue")?.data(200)?;
    }
    Ok(Outcome::Passed(format!("{READS} reads of each kind, below")))
}

/// How many requests are left of the limit, and how many it allows.
fn limit_left(api: &mut Api) -> Result<(u64, u64)> {
    let answer = api.get("operations", "/api/products/count")?;
    Ok((answer.number("x-ratelimit-limit")?, answer.number("x-ratelimit-remaining")?))
}

/// Sends requests until one is refused, and counts that no more passed than the limit allows.
fn rate_limit(api: &mut Api, (limit, before): (u64, u64)) -> Result<Outcome> {
    let (_, left) = limit_left(api)?;
    ensure!(left < before, "requests are not counted: {before} were left, and {left} are now");
    let mut passed = 0;
    let refused = loop {
        let answer = api.send_once("up to the limit", "GET", "/api/products/count", &[], None)?;
        if answer.status == 429 {
            break answer;
        }
        passed += 1;
        ensure!(passed <= MOST_REQUESTS, "{passed} requests passed, and none was refused");
    };
    let wait = refused.number("retry-after")?;
    check_refusal(&refused)?;
    // Some of the limit may have come back on the way, as time went by; never more than all of it.
    ensure!(passed >= left && passed <= limit, "{passed} passed, {left} were left of {limit}");
    Ok(Outcome::Passed(format!("{left} of {limit} were left, {passed} passed, then 429; again in {wait} s")))
}

fn check_refusal(refused: &Answer) -> Result<()> {
    let body: Value = serde_json::from_str(&refused.text).context("the refusal is not JSON")?;
    ensure!(body["success"] == false && body["code"].is_string(), "the refusal is {body}");
    ensure!(refused.number("x-ratelimit-remaining")? == 0, "refused, and something is left");
    refused.header("ratelimit")?;
    refused.header("ratelimit-policy")?;
    Ok(())
}

/// Returns the `Cache-Status` of a second read.
fn cached(what: &str, status: &str, degraded: bool) -> Result<Outcome> {
    let hit = status.split(';').any(|part| part.trim() == "hit" || part.trim().starts_with("hit,"));
    match (hit, degraded) {
        (true, _) => Ok(Outcome::Passed(format!("Cache-Status: {status}"))),
        (false, true) => Ok(Outcome::Degraded(format!("no {what} is cached; Cache-Status: {status}"))),
        (false, false) => bail!("the second {what} is not cached; Cache-Status: {status}"),
    }
}

fn add_product(api: &mut Api) -> Result<Value> {
    let product = json!({ "name": "A check", "price": 1.5, "stock": 1, "category": "Verification" });
    api.send_json("POST", "/api/products", &product)?.data(201)
}

fn path_of(product: &Value) -> Result<String> {
    let id = product["id"].as_str().context("the product has no id")?;
    Ok(format!("/api/products/{id}"))
}

fn remove(api: &mut Api, path: &str) -> Result<()> {
    api.send("writes", "DELETE", path, &[], None)?.data(200)?;
    Ok(())
}
