//! `Age`, `Date`, queries, cookies.

use std::time::Duration;

use super::super::case::{Case, Step, Want, fresh, step};
use super::Group;

fn gives(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line))
}

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("other");
    let (month, now) = ("Expires: @2592000", "Date: @0");
    let cached = || step().cached();
    group.required("other-age-gen", [fresh(), cached().wants(Want::Over("age", 2))]);
    let slow = gives(&["Cache-Control: max-age=3600", now]).takes(Duration::from_secs(5));
    group.check("other-age-delay", [slow.wants(Want::Over("age", 0))]);
    let first = gives(&[month, now, "Age: 30"]).waits();
    group.required("other-age-update-expires", [first, cached().wants(Want::Over("age", 32))]);
    let steps = [fresh().gives("Age: 30"), cached().wants(Want::Over("age", 32))];
    group.required("other-age-update-max-age", steps);
    group.required("other-date-update", [fresh(), cached().wants(Want::AsAtFirst("date"))]);
    let first = || gives(&[month, now]).waits();
    group.required("other-date-update-expires", [first(), cached().wants(Want::AsAtFirst("date"))]);
    group.check("other-date-update-expires-update", [first(), cached().wants(Want::AsAtFirst("expires"))]);
    group
        .required("query-args-different", [fresh().query("test=one"), step().query("test=two").not_cached()]);
    group.optimal("query-args-same", [fresh().query("test=one"), cached().query("test=one")]);
    let download = "Content-Disposition: attachment; filename=example.txt";
    let heuristic = gives(&["Last-Modified: @-100000", now, download]);
    group.check("other-heuristic-content-disposition-attachment", [heuristic, cached()]);
    group.check("other-fresh-content-disposition-attachment", [fresh().gives(download), cached()]);
    group.optimal("other-set-cookie", [fresh().gives("Set-Cookie: a=b"), cached()]);
    group.optimal("other-cookie", [fresh(), cached().sends("Cookie: a=b")]);
    group.cases
}
