//! Conformance to RFC 9111: the cases of the public test suite for HTTP caches (http-tests/cache-tests), written anew.
//!
//! Each case is a few requests and what is to come of them. All cases run at once, each on a path of its own, in real
//! time: where the suite waits three seconds for a response to age, so does this.
//!
//! A *required* case must pass. An *optimal* one says what a good cache does; those that this one leaves out are
//! listed here with the reason, and a case that is listed and passes fails the test, so that the list stays true. A
//! *check* only asks how a cache behaves where it is free to choose. docs/http.md has the table.

mod case;
mod groups;
mod origin;
mod runner;

use std::collections::BTreeMap;
use std::sync::Arc;

use jollycache::http::{ResponseCacheLayer, Route};
use tower::Layer;

use self::case::Kind;
use self::origin::Origin;
use crate::backends::on_each_backend;

/// Cases that this cache does not pass, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("headers-store-set-cookie", SET_COOKIE),
    ("headers-store-set-cookie2", SET_COOKIE),
    ("other-set-cookie", SET_COOKIE),
    (
        "other-cookie",
        "a request with a cookie gets what says `public` or `s-maxage`, or a route that opts in",
    ),
    ("other-authorization-must-revalidate", "it says nothing of sharing; `public` and `s-maxage` do"),
    ("heuristic-200-cached", HEURISTICS),
    ("heuristic-203-cached", HEURISTICS),
    ("heuristic-204-cached", HEURISTICS),
    ("heuristic-404-cached", HEURISTICS),
    ("heuristic-405-cached", HEURISTICS),
    ("heuristic-410-cached", HEURISTICS),
    ("heuristic-414-cached", HEURISTICS),
    ("heuristic-501-cached", HEURISTICS),
    ("heuristic-599-cached", HEURISTICS),
    ("partial-store-partial-reuse-partial", PARTS),
    ("partial-store-partial-reuse-partial-byterange", PARTS),
    ("partial-store-partial-reuse-partial-absent", PARTS),
    ("partial-store-partial-reuse-partial-suffix", PARTS),
    ("partial-store-partial-complete", PARTS),
    ("method-post", "a response to a write answers no other request"),
    (
        "conditional-lm-fresh-no-lm",
        "without `Last-Modified`, `Date` counts (RFC 9111, section 4.3.2), and is later",
    ),
    ("vary-normalise-lang-select", "choosing a language is the service's part"),
    ("vary-normalise-space", "whether an unknown field is a list is unknown"),
];

const SET_COOKIE: &str = "what sets a cookie is for one user, and is never stored";
const HEURISTICS: &str = "no lifetime is guessed";
const PARTS: &str = "parts are not stored";

on_each_backend!(the_cases_of_the_public_suite, |caches| async move {
    let cache = caches.new_cache().await;
    let origin = Origin::default();
    let plain = ResponseCacheLayer::builder(&cache).default_route(Route::new()).build().expect("builds");
    let targeted = ResponseCacheLayer::builder(&cache)
        .default_route(Route::new())
        .targeted_field("CDN-Cache-Control")
        .build()
        .expect("builds");
    let mut running = Vec::new();
    for case in groups::all() {
        let layer = if case.group == "cdn-cache-control" { &targeted } else { &plain };
        let service = layer.layer(origin.clone());
        let case = Arc::new(case);
        origin.add(&case);
        running.push((case.clone(), tokio::spawn(runner::run(case, service, origin.clone()))));
    }
    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, outcome) in running {
        let outcome = outcome.await.expect("a case does not panic");
        let row = table.entry(case.group).or_default();
        row.add(case.kind, outcome.is_ok());
        let left_out = LEFT_OUT.iter().any(|(name, _)| *name == case.name);
        match outcome {
            Err(why) if case.kind != Kind::Check && !left_out => wrong.push(format!("{}: {why}", case.name)),
            Ok(()) if left_out => wrong.push(format!("{}: passes, and is listed as left out", case.name)),
            Err(why) => println!("{:?} {}: no: {why}", case.kind, case.name),
            Ok(()) => {}
        }
    }
    print(&table);
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
});

/// What came of a group: passed, and of how many.
#[derive(Debug, Default)]
struct Row {
    required: (u32, u32),
    optimal: (u32, u32),
    check: (u32, u32),
}

impl Row {
    fn add(&mut self, kind: Kind, passed: bool) {
        let cell = match kind {
            Kind::Required => &mut self.required,
            Kind::Optimal => &mut self.optimal,
            Kind::Check => &mut self.check,
        };
        cell.0 += u32::from(passed);
        cell.1 += 1;
    }
}

fn print(table: &BTreeMap<&str, Row>) {
    println!("| group | required | optimal | checks answered yes |\n|---|---|---|---|");
    let mut sum = Row::default();
    for (group, row) in table {
        line(group, row);
        for (cell, by) in
            [(&mut sum.required, row.required), (&mut sum.optimal, row.optimal), (&mut sum.check, row.check)]
        {
            *cell = (cell.0 + by.0, cell.1 + by.1);
        }
    }
    line("all", &sum);
}

fn line(name: &str, row: &Row) {
    let cell =
        |(passed, all): (u32, u32)| if all == 0 { String::new() } else { format!("{passed} of {all}") };
    println!("| {name} | {} | {} | {} |", cell(row.required), cell(row.optimal), cell(row.check));
}
