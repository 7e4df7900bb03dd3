//! `Cache-Control` in responses, besides how long they are fresh.

use super::super::case::{Case, Step, step};
use super::Group;

fn gives(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.gives(line))
}

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("cc-response");
    let not_kept = |lines: &[&str]| [gives(lines), step().not_cached()];
    group.required("cc-resp-private-shared", not_kept(&["Cache-Control: private, max-age=3600"]));
    group.required("cc-resp-no-store", not_kept(&["Cache-Control: no-store"]));
    group.required("cc-resp-no-store-case-insensitive", not_kept(&["Cache-Control: No-StOrE"]));
    let later = ["Expires: @10000", "Date: @0"];
    let fresh = |line| [&[line][..], &later[..]].concat();
    group.required("cc-resp-no-store-fresh", not_kept(&fresh("Cache-Control: max-age=10000, no-store")));
    for (name, line) in [("new", "no-store"), ("max-age", "no-store, max-age=0")] {
        let line = format!("Cache-Control: {line}");
        let steps = [
            gives(&fresh("Cache-Control: max-age=10000")).gives("A: 1").waits(),
            gives(&[&line, "Date: @0", "A: 2"]).waits(),
            step().cached().want("a", "1"),
        ];
        group.check(&format!("cc-resp-no-store-old-{name}"), steps);
    }
    group.required("cc-resp-no-cache", not_kept(&fresh("Cache-Control: max-age=10000, no-cache")));
    let odd = fresh("Cache-Control: max-age=10000, No-CaChE");
    group.required("cc-resp-no-cache-case-insensitive", not_kept(&odd));
    let validated = |lines: &[&str]| [gives(lines).gives("ETag: \"abcd\""), step().etag_validated()];
    group.optimal("cc-resp-no-cache-revalidate", validated(&["Cache-Control: no-cache"]));
    let lines = fresh("Cache-Control: max-age=10000, no-cache");
    group.optimal("cc-resp-no-cache-revalidate-fresh", validated(&lines));
    let listed =
        |line| gives(&[line, "a: 1", "b: 2", "c: 3", "Cache-Control: max-age=3600", "Date: @0"]).waits();
    let name = "headers-omit-headers-listed-in-Cache-Control-no-cache";
    let steps = [listed("Cache-Control: no-cache=\"a\""), step().cached().want("b", "2").lacks("a")];
    group.check(&format!("{name}-single"), steps);
    let steps =
        [listed("Cache-Control: no-cache=\"a, b\""), step().cached().want("c", "3").lacks("a").lacks("b")];
    group.check(name, steps);
    let lines = ["Cache-Control: max-age=10000, must-revalidate", "ETag: \"abcd\""];
    group.optimal("cc-resp-must-revalidate-fresh", [gives(&lines), step().cached()]);
    let short = || gives(&["Cache-Control: max-age=2, must-revalidate", "ETag: \"abcd\""]);
    let steps = [short(), short().cached().waits(), step().etag_validated()];
    group.required("cc-resp-must-revalidate-stale", steps);
    group.cases
}
