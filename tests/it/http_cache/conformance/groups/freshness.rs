//! How `Cache-Control` and `Age` say how long a response is fresh.

use super::super::case::{Case, Step, becomes_stale, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    [control(), parsing(), ages(), heuristics()].concat()
}

fn kept(lines: &[&str]) -> [Step; 2] {
    [first(lines), step().cached()]
}

fn not_kept(lines: &[&str]) -> [Step; 2] {
    [first(lines), step().not_cached()]
}

fn first(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line)).waits()
}

fn control() -> Vec<Case> {
    let mut group = Group::new("cc-freshness");
    group.check("freshness-none", not_kept(&[]));
    group.optimal("freshness-max-age", kept(&["Cache-Control: max-age=3600"]));
    group.required("freshness-max-age-stale", [becomes_stale(), step().not_cached()]);
    group.required("freshness-max-age-0", not_kept(&["Cache-Control: max-age=0"]));
    for (name, seconds) in [
        ("freshness-max-age-max-minus-1", "2147483647"),
        ("freshness-max-age-max", "2147483648"),
        ("freshness-max-age-max-plus-1", "2147483649"),
        ("freshness-max-age-max-plus", "99999999999"),
    ] {
        group.optimal(name, kept(&[&format!("Cache-Control: max-age={seconds}")]));
    }
    let hour = "Cache-Control: max-age=3600";
    group.required("freshness-max-age-age", not_kept(&["Date: @0", hour, "Age: 7200"]));
    group.check("freshness-max-age-date", not_kept(&["Date: @-7200", hour]));
    group.optimal("freshness-max-age-expires", kept(&[hour, "Expires: @-7200", "Date: @0"]));
    group.optimal("freshness-max-age-expires-invalid", kept(&[hour, "Expires: 0", "Date: @0"]));
    let none = "Cache-Control: max-age=0";
    group.required("freshness-max-age-0-expires", not_kept(&["Expires: @3600", none, "Date: @0"]));
    group.optimal("freshness-max-age-extension", kept(&["Cache-Control: foobar, max-age=3600"]));
    group.optimal("freshness-max-age-case-insenstive", kept(&["Cache-Control: MaX-aGe=3600"]));
    group.required("freshness-max-age-negative", not_kept(&["Cache-Control: max-age=-3600"]));
    group.optimal("freshness-s-maxage-shared", kept(&["Cache-Control: s-maxage=3600"]));
    let longer = "freshness-max-age-s-maxage-shared-longer";
    group.required(longer, not_kept(&["Cache-Control: max-age=3600, s-maxage=1"]));
    group.required(&format!("{longer}-reversed"), not_kept(&["Cache-Control: s-maxage=1, max-age=3600"]));
    let lines = ["Cache-Control: max-age=3600", "Cache-Control: s-maxage=1"];
    group.required(&format!("{longer}-multiple"), not_kept(&lines));
    let shorter = "freshness-max-age-s-maxage-shared-shorter";
    group.optimal(shorter, kept(&["Cache-Control: max-age=1, s-maxage=3600"]));
    let lines = ["Expires: @-10", "Cache-Control: max-age=0, s-maxage=3600"];
    group.optimal(&format!("{shorter}-expires"), kept(&lines));
    group.cases
}

fn parsing() -> Vec<Case> {
    let mut group = Group::new("cc-parse");
    for (name, lines) in [
        ("two-fresh-stale-sameline", &["max-age=1800, max-age=1"][..]),
        ("two-fresh-stale-sepline", &["max-age=1800", "max-age=1"]),
        ("two-stale-fresh-sameline", &["max-age=1, max-age=1800"]),
        ("two-stale-fresh-sepline", &["max-age=1", "max-age=1800"]),
        ("quoted", &["max-age=\"3600\""]),
        ("decimal-zero", &["max-age=3600.0"]),
        ("decimal-five", &["max-age=3600.5"]),
        ("a100", &["max-age=a3600"]),
        ("100a", &["max-age=3600a"]),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| format!("Cache-Control: {line}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        group.check(&format!("freshness-max-age-{name}"), kept(&lines));
    }
    let quoted = "Cache-Control: extension=\"max-age=3600\", max-age=1";
    group.required("freshness-max-age-ignore-quoted", not_kept(&[quoted]));
    let quoted = "Cache-Control: max-age=1, extension=\"max-age=3600\"";
    group.required("freshness-max-age-ignore-quoted-rev", not_kept(&[quoted]));
    group.check("freshness-max-age-space-before-equals", not_kept(&["Cache-Control: max-age =3600"]));
    group.check("freshness-max-age-space-after-equals", not_kept(&["Cache-Control: max-age= 3600"]));
    group.required("freshness-max-age-leading-zero", kept(&["Cache-Control: max-age=003600"]));
    group.required("freshness-max-age-single-quoted", not_kept(&["Cache-Control: max-age='3600'"]));
    group.cases
}

fn ages() -> Vec<Case> {
    let mut group = Group::new("age-parse");
    let with = |lines: &[&str], lifetime: u32| {
        let control = format!("Cache-Control: max-age={lifetime}");
        let ages: Vec<_> = lines.iter().map(|age| format!("Age: {age}")).collect();
        let ages = ages.iter().fold(step().gives("Date: @0").gives(&control), |step, line| step.gives(line));
        ages.waits()
    };
    for (name, lines, is_kept) in [
        ("nonnumeric", &["abc"][..], true),
        ("negative", &["-7200"], true),
        ("float", &["7200.0"], true),
        ("large-minus-one", &["2147483647"], false),
        ("large", &["2147483648"], false),
        ("larger", &["2147483649"], false),
        ("suffix", &["7200, 0"], false),
        ("prefix", &["0, 7200"], true),
        ("suffix-twoline", &["7200", "0"], false),
        ("prefix-twoline", &["0", "7200"], true),
        ("dup-0", &["0, 0"], true),
        ("dup-0-twoline", &["0", "0"], true),
    ] {
        let second = if is_kept { step().cached() } else { step().not_cached() };
        group.required(&format!("age-parse-{name}"), [with(lines, 3600), second]);
    }
    group.required("age-parse-dup-old", [with(&["3600", "3600"], 10_000), step().cached()]);
    group.check("age-parse-parameter", [with(&["7200;foo=bar"], 3600), step().not_cached()]);
    group.check("age-parse-numeric-parameter", [with(&["7200;foo=111"], 3600), step().not_cached()]);
    group.cases
}

fn heuristics() -> Vec<Case> {
    let mut group = Group::new("heuristic");
    let first = |status: u16| step().status(status).gives("Last-Modified: @-86400").gives("Date: @0");
    for status in [200, 203, 204, 404, 405, 410, 414, 501] {
        let steps = [first(status), step().cached().status(status)];
        group.optimal(&format!("heuristic-{status}-cached"), steps);
    }
    for status in [201, 202, 403, 502, 503, 504, 599] {
        let steps = [first(status), step().not_cached().status(status)];
        group.required(&format!("heuristic-{status}-not_cached"), steps);
    }
    let steps = [first(599).gives("Cache-Control: public"), step().cached().status(599)];
    group.optimal("heuristic-599-cached", steps);
    for ago in [5, 10, 30, 60, 300, 600, 1_200, 1_800, 3_600, 43_200, 86_400] {
        let modified = format!("Last-Modified: @-{ago}");
        let steps = [step().gives(&modified).gives("Date: @0").waits(), step().cached()];
        group.check(&format!("heuristic-delta-{ago}"), steps);
    }
    group.cases
}
