//! `Expires` and `Date`.

use super::super::case::{Case, Step, step};
use super::Group;

fn gives(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line))
}

pub(super) fn cases() -> Vec<Case> {
    [freshness(), parsing()].concat()
}

fn freshness() -> Vec<Case> {
    let mut group = Group::new("expires");
    group.optimal(
        "freshness-expires-future",
        [gives(&["Expires: @2592000", "Date: @0"]).waits(), step().cached()],
    );
    for (name, lines) in [
        ("past", &["Expires: @-2592000", "Date: @0"][..]),
        ("present", &["Expires: @0", "Date: @0"]),
        ("old-date", &["Expires: @300", "Date: @400"]),
        ("invalid", &["Expires: 0", "Date: @0"]),
        ("age-slow-date", &["Date: @-10", "Expires: @10", "Age: 25"]),
        ("age-fast-date", &["Date: @10", "Expires: @20", "Age: 15"]),
    ] {
        group.required(&format!("freshness-expires-{name}"), [gives(lines), step().not_cached()]);
    }
    let steps = [gives(&["Date: foo", "Expires: @10"]), step().cached()];
    group.optimal("freshness-expires-invalid-date", steps);
    group.cases
}

fn parsing() -> Vec<Case> {
    let mut group = Group::new("expires-parse");
    let first = |date: &str| gives(&[&format!("Expires: {date}"), "Date: @0"]);
    for (name, date) in [
        ("32bit", "Tue, 19 Jan 2038 14:14:08 GMT"),
        ("far-future", "Sun, 21 Nov 2286 04:46:39 GMT"),
        ("rfc850", "Thursday, 18-Aug-50 02:01:18 GMT"),
        ("ansi-c", "Thu Aug 18 02:01:18 2050"),
        ("wrong-case-weekday", "THU, 18 Aug 2050 02:01:18 GMT"),
        ("wrong-case-month", "Thu, 18 AUG 2050 02:01:18 GMT"),
        ("wrong-case-tz", "Thu, 18 Aug 2050 02:01:18 gMT"),
    ] {
        group.optimal(&format!("freshness-expires-{name}"), [first(date), step().cached()]);
    }
    for (name, date) in [
        ("utc", "Thu, 18 Aug 2050 02:01:18 UTC"),
        ("aest", "Thu, 18 Aug 2050 02:01:18 AEST"),
        ("2-digit-year", "Thu, 18 Aug 50 02:01:18 GMT"),
        ("no-comma", "Thu 18 Aug 2050 02:01:18 GMT"),
        ("multiple-spaces", "Thu, 18  Aug  2050 02:01:18 GMT"),
        ("date-dashes", "Thu, 18-Aug-2050 02:01:18 GMT"),
        ("time-periods", "Thu, 18 Aug 2050 02.01.18 GMT"),
        ("1-digit-hour", "Thu, 18 Aug 2050 2:01:18 GMT"),
    ] {
        group.required(&format!("freshness-expires-invalid-{name}"), [first(date), step().not_cached()]);
    }
    let two = first("Thu, 18 Aug 2050 2:01:18 GMT").gives("Expires: Thu, 18 Aug 2050 2:01:19 GMT");
    group.required("freshness-expires-invalid-multiple-lines", [two, step().not_cached()]);
    group.cases
}
