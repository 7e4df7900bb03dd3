//! Parts of responses (RFC 9110, section 14).

use super::super::case::{Case, Step, step};
use super::Group;

const HOUR: &str = "Cache-Control: max-age=3600";

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("partial");
    let part = |range: &str, of: &str| {
        let range = format!("Content-Range: bytes {range}");
        step().sends(&format!("Range: bytes={of}")).status(206).gives(HOUR).gives(&range).body("01234")
    };
    let stored_part = || part("4-9/10", "-5");
    let asks = |range: &str, body: &'static str| -> Step {
        let asked = step().sends(&format!("Range: bytes={range}"));
        asked.cached().want_status(206).want_body(body)
    };
    let whole = |body: &str| step().gives(HOUR).body(body);
    let steps = [stored_part().seen("Range: bytes=-5"), asks("-5", "01234")];
    group.optimal("partial-store-partial-reuse-partial", steps);
    let complete = "partial-store-complete-reuse-partial";
    group.optimal(complete, [whole("01234567890"), asks("0-1", "01")]);
    group.optimal(&format!("{complete}-no-last"), [whole("01234567890"), asks("1-", "1234567890")]);
    group.optimal(&format!("{complete}-suffix"), [whole("0123456789A"), asks("-1", "A")]);
    for (name, range, body) in [("byterange", "6-8", "234"), ("absent", "6-", "234"), ("suffix", "-1", "4")] {
        let steps = [stored_part(), asks(range, body)];
        group.optimal(&format!("partial-store-partial-reuse-partial-{name}"), steps);
    }
    let steps = [part("0-4/10", "-5"), step().any_body().seen("range: bytes=5-")];
    group.optimal("partial-store-partial-complete", steps);
    // The suite gives the second response another `A`; the service is not asked for it.
    let steps = [whole("01234567890").gives("A: 1"), asks("0-1", "01").gives("A: 2")];
    group.required("partial-use-headers", steps);
    let steps = [whole("01234567890").gives("A: 1"), asks("0-1", "01").want("A", "1")];
    group.required("partial-use-stored-headers", steps);
    group.cases
}
