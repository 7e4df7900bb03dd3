//! What a 304 and the response to a `HEAD` change.

use super::super::case::{Case, Kind, Step, becomes_stale, step};
use super::Group;
use super::headers::{FIELDS, Listed};

pub(super) fn cases() -> Vec<Case> {
    [not_modified(), head()].concat()
}

fn not_modified() -> Vec<Case> {
    let mut group = Group::new("update304");
    let modified = "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT";
    let first = step().gives("Cache-Control: max-age=2").gives(modified).gives("Date: @0");
    let second = step().gives(modified).gives("Date: @0").date_validated().want_status(200);
    let steps = [first.gives("Test-Header: stored").waits(), second.want("Test-Header", "stored")];
    group.required("304-lm-use-stored-Test-Header", steps);
    for field in FIELDS.iter().filter(|field| field.is_stored) {
        let expected = field.values[usize::from(field.is_updated != Some(false))];
        let kind = if field.is_updated.is_some() { Kind::Required } else { Kind::Check };
        let checked = |step: Step| step.want_status(200).want(field.name, expected);
        let steps = [
            response(field, field.values[0]).waits(),
            checked(response(field, field.values[1]).etag_validated()),
            checked(step().cached()),
        ];
        let body = "0123456789 0123456789 0123456789 012";
        let is_measured = field.name == "Content-Length";
        let steps = steps.map(|step| if is_measured { step.body(body) } else { step });
        group.add(kind, &format!("304-etag-update-response-{}", field.name), steps);
    }
    group.cases
}

fn response(field: &Listed, value: &str) -> Step {
    let mut step = step().gives("Date: @0").gives(&format!("{}: {value}", field.name));
    if field.name != "Cache-Control" {
        step = step.gives("Cache-Control: max-age=2");
    }
    if field.name != "ETag" {
        step = step.gives(&format!("ETag: \"{}-tag\"", field.name));
    }
    step
}

fn head() -> Vec<Case> {
    let mut group = Group::new("updateHEAD");
    let head = || step().method("HEAD").seen_method("HEAD");
    let longer = "Cache-Control: max-age=1000";
    group.check("head-writethrough", [becomes_stale(), head()]);
    group.check("head-200-retain", [becomes_stale(), head().want("Template-A", "1")]);
    group.check("head-200-freshness-update", [becomes_stale(), head().gives(longer), step().cached()]);
    let changed = || head().gives("Template-A: 2").gives(longer);
    let steps = [becomes_stale(), changed(), step().cached().want("Template-A", "2")];
    group.check("head-200-update", steps);
    let steps = [becomes_stale(), changed().status(410), step().cached().want("Template-A", "2")];
    group.check("head-410-update", steps);
    group.cases
}
