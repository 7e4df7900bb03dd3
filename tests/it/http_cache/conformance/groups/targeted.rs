//! `CDN-Cache-Control` (RFC 9213), for a layer that is configured to honour it.

use super::super::case::{Case, Kind, Step, Want, step};
use super::Group;

fn gives(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line))
}

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("cdn-cache-control");
    let (month, later) = ("CDN-Cache-Control: max-age=3600", ["Expires: @10000", "Date: @0"]);
    let long = "Cache-Control: max-age=10000";
    for (kind, name, lines, is_kept) in [
        (Kind::Optimal, "max-age", &[month][..], true),
        (Kind::Optimal, "max-age-max", &["CDN-Cache-Control: max-age=2147483648"], true),
        (Kind::Optimal, "max-age-max-plus", &["CDN-Cache-Control: max-age=99999999999"], true),
        (Kind::Required, "max-age-age", &["Date: @0", month, "Age: 7200"], false),
        (
            Kind::Check,
            "max-age-space-before-equals",
            &["Cache-Control: max-age=1", "CDN-Cache-Control: max-age =100"],
            false,
        ),
        (
            Kind::Check,
            "max-age-space-after-equals",
            &["Cache-Control: max-age=1", "CDN-Cache-Control: max-age= 100"],
            false,
        ),
        (Kind::Required, "max-age-0", &["CDN-Cache-Control: max-age=0"], false),
        (Kind::Optimal, "max-age-extension", &["CDN-Cache-Control: foobar, max-age=3600"], true),
        (Kind::Check, "max-age-case-insensitive", &["CDN-Cache-Control: MaX-aGe=3600"], true),
        (Kind::Optimal, "max-age-expires", &[month, "Expires: @-10000", "Date: @0"], true),
        (Kind::Optimal, "max-age-cc-max-age-invalid-expires", &[month, "Expires: 0", "Date: @0"], true),
        (Kind::Required, "max-age-0-expires", &["CDN-Cache-Control: max-age=0", later[0], later[1]], false),
        (Kind::Optimal, "max-age-short-cc-max-age", &["Cache-Control: max-age=1", month], true),
        (
            Kind::Required,
            "max-age-long-cc-max-age",
            &["Cache-Control: max-age=3600", "CDN-Cache-Control: max-age=1"],
            false,
        ),
        (Kind::Required, "private", &["CDN-Cache-Control: private", long, later[0], later[1]], false),
        (Kind::Required, "no-cache", &["CDN-Cache-Control: no-cache", long, later[0], later[1]], false),
        (
            Kind::Required,
            "no-store-cc-fresh",
            &[long, "CDN-Cache-Control: no-store", later[0], later[1]],
            false,
        ),
        (
            Kind::Optimal,
            "fresh-cc-nostore",
            &["Cache-Control: no-store", "CDN-Cache-Control: max-age=10000"],
            true,
        ),
        (
            Kind::Required,
            "cc-invalid-sh-type-unknown",
            &["CDN-Cache-Control: max-age=10000, &&&&&", "Cache-Control: no-store"],
            false,
        ),
        (
            Kind::Required,
            "cc-invalid-sh-type-wrong",
            &["CDN-Cache-Control: max-age=\"10000\"", "Cache-Control: no-store"],
            false,
        ),
    ] {
        let second = if is_kept { step().cached() } else { step().not_cached() };
        group.add(kind, &format!("cdn-{name}"), [gives(lines).waits(), second]);
    }
    forwarding(&mut group);
    group.cases
}

fn forwarding(group: &mut Group) {
    let (long, later) = ("Cache-Control: max-age=10000", ["Expires: @10000", "Date: @0"]);
    let forwards =
        gives(&[long, "CDN-Cache-Control: foo", later[0], later[1]]).want("CDN-Cache-Control", "foo");
    group.check("cdn-remove-header", [forwards]);
    let exceeds = || gives(&["Cache-Control: max-age=1", "CDN-Cache-Control: max-age=10000", "Date: @0"]);
    group.check("cdn-remove-age-exceed", [exceeds().waits(), step().wants(Want::Has("age"))]);
    group.check("cdn-date-update-exceed", [exceeds().waits(), step().wants(Want::AsAtFirst("date"))]);
    let first = exceeds().gives("Expires: @1").waits();
    group.check("cdn-expires-update-exceed", [first, step().wants(Want::AsAtFirst("expires"))]);
}
