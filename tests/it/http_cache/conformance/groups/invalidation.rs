//! What methods that are not safe make invalid (RFC 9111, section 4.4), and what `POST` leaves.

use super::super::case::{Case, Step, fresh, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("invalidation");
    for method in ["POST", "PUT", "DELETE", "M-SEARCH"] {
        let write = || step().method(method);
        group.required(&format!("invalidate-{method}"), [fresh(), write(), step().not_cached()]);
        let steps = [fresh(), write().status(500), step().cached()];
        group.optimal(&format!("invalidate-{method}-failed"), steps);
        let names = || {
            write()
                .gives("Location: {path}/location_target")
                .gives("Content-Location: {path}/content_location_target")
        };
        let target = |name| {
            step()
                .below(name)
                .gives("Cache-Control: max-age=100000")
                .gives("Last-Modified: @0")
                .gives("Date: @0")
        };
        for (short, name) in [("location", "location_target"), ("cl", "content_location_target")] {
            let steps = [target(name), names(), target(name).not_cached()];
            group.check(&format!("invalidate-{method}-{short}"), steps);
        }
    }
    [group.cases, method()].concat()
}

fn method() -> Vec<Case> {
    let mut group = Group::new("method");
    let post: Step =
        step().method("POST").sends("Content-Type: text/plain").gives("Cache-Control: max-age=3600");
    let post = post.gives("Content-Location: {path}").gives("Date: @0").waits();
    group.optimal("method-POST", [post, step().cached()]);
    group.cases
}
