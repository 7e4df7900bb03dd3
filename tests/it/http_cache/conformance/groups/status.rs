//! Which status codes are kept.

use super::super::case::{Case, fresh, stale, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("status");
    for status in [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599] {
        let steps = [fresh().status(status), step().cached().status(status)];
        group.optimal(&format!("status-{status}-fresh"), steps);
        let steps = [stale().status(status), step().not_cached()];
        group.required(&format!("status-{status}-stale"), steps);
    }
    let line = "Cache-Control: max-age=3600, no-store, must-understand";
    let steps = [step().status(599).gives(line), step().not_cached()];
    group.required("status-599-must-understand", steps);
    group.optimal("status-200-must-understand", [step().gives(line), step().cached()]);
    group.cases
}
