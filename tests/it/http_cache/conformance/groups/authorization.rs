//! Responses to requests with credentials (RFC 9111, section 3.5).

use super::super::case::{Case, fresh, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("auth");
    let secret = "Authorization: FOO";
    group.required("other-authorization", [fresh().sends(secret).seen(secret), step().not_cached()]);
    let allowed =
        |line| [step().sends(secret).seen(secret).gives(line).gives("Date: @0").waits(), step().cached()];
    group.optimal("other-authorization-public", allowed("Cache-Control: max-age=3600, public"));
    group.optimal(
        "other-authorization-must-revalidate",
        allowed("Cache-Control: max-age=3600, must-revalidate"),
    );
    group.optimal("other-authorization-smaxage", allowed("Cache-Control: s-maxage=3600"));
    group.cases
}
