//! Members of `Cache-Status`, made from the reports of calls. Pure.

use std::fmt::Write;
use std::time::Duration;

use crate::call_report::{CallReport, Calls, Operation, Outcome};

/// Maximum bytes of a region's name, after escaping.
const MAX_NAME_BYTES: usize = 64;

/// The members of all calls; `None` if there were none.
pub(super) fn members(calls: &Calls) -> Option<String> {
    let mut members: Vec<String> = calls.reports().iter().map(member).collect();
    match calls.omitted() {
        0 => {}
        1 => members.push(r#""jollycache"; detail="1 more call""#.to_owned()),
        more => members.push(format!(r#""jollycache"; detail="{more} more calls""#)),
    }
    (!members.is_empty()).then(|| members.join(", "))
}

fn member(report: &CallReport) -> String {
    let parameters = parameters(report.operation(), report.outcome(), report.is_stored(), report.stale_for());
    format!("{}; {parameters}", quoted(report.region()))
}

/// The parameters of one member.
pub(super) fn parameters(
    operation: Operation,
    outcome: Outcome,
    stored: bool,
    stale_for: Duration,
) -> String {
    let forwarded = if operation == Operation::Read { "fwd=miss" } else { "fwd=method" };
    match outcome {
        Outcome::Hit => "hit".to_owned(),
        // Rounded up, so that a stale value never has the lifetime zero, which is fresh by RFC 9211.
        Outcome::Stale => format!("hit; ttl=-{}", stale_for.as_millis().div_ceil(1_000).max(1)),
        Outcome::Waited => format!("{forwarded}; collapsed"),
        Outcome::Miss | Outcome::Stored if stored => format!("{forwarded}; stored"),
        Outcome::Miss | Outcome::Stored => forwarded.to_owned(),
        Outcome::LoadFailed => format!("{forwarded}; detail=load-failed"),
        Outcome::Refused => format!("{forwarded}; detail=refused"),
        Outcome::Evicted => format!("{forwarded}; detail=evicted"),
        Outcome::Skipped => format!("{forwarded}; detail=skipped"),
        Outcome::Queued => format!("{forwarded}; detail=queued"),
        Outcome::Bypass => "fwd=bypass".to_owned(),
        Outcome::Error => "fwd=bypass; detail=cache-error".to_owned(),
    }
}

/// A name as a string of RFC 9651: printable ASCII in quotes. Other bytes are percent-encoded, so that different names
/// stay different.
fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for &byte in name.as_bytes() {
        let before = text.len();
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b'%' | 0..=0x1f | 0x7f.. => {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
            _ => text.push(char::from(byte)),
        }
        if text.len() > MAX_NAME_BYTES {
            text.truncate(before);
            break;
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_string_whatever_it_is() {
        assert_eq!(quoted("product_list"), r#""product_list""#);
        assert_eq!(quoted(r#"a"; hit, "b\"#), r#""a\"; hit, \"b\\""#);
        assert_eq!(quoted("a\r\nset-cookie: x"), r#""a%0D%0Aset-cookie: x""#);
        assert_eq!(quoted("café%"), r#""caf%C3%A9%25""#);
        assert_eq!(quoted(""), r#""""#);
    }

    #[test]
    fn a_long_name_is_cut_between_its_characters() {
        assert_eq!(quoted(&"x".repeat(1_000)).len(), MAX_NAME_BYTES + 1);
        for odd in ["\"", "\n"] {
            let cut = quoted(&format!("{}{}", "x".repeat(MAX_NAME_BYTES - 2), odd.repeat(9)));
            assert_eq!(cut, format!("\"{}\"", "x".repeat(MAX_NAME_BYTES - 2)), "{odd:?}");
        }
    }

    #[test]
    fn a_stale_value_has_a_lifetime_below_zero() {
        let stale = |ms| parameters(Operation::Read, Outcome::Stale, false, Duration::from_millis(ms));
        assert_eq!(stale(0), "hit; ttl=-1");
        assert_eq!(stale(1_000), "hit; ttl=-1");
        assert_eq!(stale(2_001), "hit; ttl=-3");
    }
}
