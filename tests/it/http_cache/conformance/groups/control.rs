//! `Cache-Control` and `Pragma` in requests.

use super::super::case::{Case, Step, becomes_stale, fresh, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    [requests(), pragma()].concat()
}

fn gives(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line))
}

fn requests() -> Vec<Case> {
    let mut group = Group::new("cc-request");
    let asks = |line: &str| step().sends(&format!("Cache-Control: {line}"));
    group.check("ccreq-ma0", [fresh(), asks("max-age=0").not_cached()]);
    group.check("ccreq-ma1", [fresh(), asks("max-age=1").not_cached()]);
    group.check("ccreq-magreaterage", [fresh().gives("Age: 1800"), asks("max-age=600").not_cached()]);
    group.check("ccreq-max-stale", [becomes_stale(), asks("max-stale=1000").cached()]);
    let old = gives(&["Cache-Control: max-age=1500", "Age: 2000"]);
    group.check("ccreq-max-stale-age", [old, asks("max-stale=1000").cached()]);
    let young = gives(&["Cache-Control: max-age=1500"]);
    group.check("ccreq-min-fresh", [young, asks("min-fresh=2000").not_cached()]);
    let aged = gives(&["Cache-Control: max-age=1500", "Age: 1000"]);
    group.check("ccreq-min-fresh-age", [aged, asks("min-fresh=1000").not_cached()]);
    let hour = "Cache-Control: max-age=3600";
    group.check("ccreq-no-cache", [gives(&[hour]), asks("no-cache").not_cached()]);
    let dated = gives(&[hour, "Last-Modified: @-10000", "Date: @0"]);
    group.check("ccreq-no-cache-lm", [dated, asks("no-cache").date_validated()]);
    group.check("ccreq-no-cache-etag", [gives(&[hour, "ETag: \"abc\""]), asks("no-cache").etag_validated()]);
    group.check("ccreq-no-store", [fresh(), asks("no-store").not_cached()]);
    group.check("ccreq-oic", [asks("only-if-cached").want_status(504).any_body()]);
    group.cases
}

fn pragma() -> Vec<Case> {
    let mut group = Group::new("pragma");
    group.check("pragma-request-no-cache", [fresh(), step().sends("Pragma: no-cache").cached()]);
    group.check(
        "pragma-request-extension",
        [fresh(), step().sends("Pragma: unrecognised-extension").cached()],
    );
    let hour = "Cache-Control: max-age=3600";
    group.check("pragma-response-no-cache", [gives(&[hour, "Pragma: no-cache"]), step().cached()]);
    let heuristic = gives(&["Date: @0", "Last-Modified: @-10000", "Pragma: no-cache"]);
    group.check("pragma-response-no-cache-heuristic", [heuristic, step().cached()]);
    group.check(
        "pragma-response-extension",
        [gives(&[hour, "Pragma: unrecognised-extension"]), step().cached()],
    );
    group.cases
}
