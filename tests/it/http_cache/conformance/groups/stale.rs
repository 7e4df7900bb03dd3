//! Serving what is stale (RFC 9111, section 4.2.4; RFC 5861).

use super::super::case::{Case, Want, becomes_stale, stale, step};
use super::super::origin::COUNT;
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("stale");
    let closes = || step().fails();
    let is_down = || step().status(503).want_status(200);
    group.check("stale-close", [becomes_stale(), closes().cached()]);
    group.check("stale-503", [becomes_stale(), is_down().cached()]);
    let tagged = |line, etag| step().gives(line).gives(etag).waits();
    let first = tagged("Cache-Control: max-age=1, stale-while-revalidate=3600", "ETag: \"abc\"");
    group.optimal("stale-while-revalidate", [first, step().cached()]);
    let steps = [
        tagged("Cache-Control: max-age=1, stale-while-revalidate=4", "ETag: \"abc\""),
        tagged("Cache-Control: no-cache", "ETag: \"def\"").cached(),
        step().wants(Want::AnswersStep(3)),
    ];
    group.required("stale-while-revalidate-window", steps);
    let may = || step().gives("Cache-Control: max-age=2, stale-if-error=60").waits();
    group.check("stale-sie-close", [may(), closes().cached()]);
    group.check("stale-sie-503", [may(), is_down().cached()]);
    for directive in ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=2"] {
        let first = step().gives(&format!("Cache-Control: max-age=2, {directive}")).waits();
        let second = closes().any().wants(Want::Lacks(COUNT.to_owned()));
        group.required(&format!("stale-close-{directive}"), [first, second]);
    }
    let warned = || closes().cached().wants(Want::Has("warning"));
    group.check("stale-warning-stored", [stale(), warned()]);
    group.check("stale-warning-become", [becomes_stale(), warned()]);
    group.cases
}
