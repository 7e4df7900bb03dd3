//! Dates of HTTP (RFC 9110, section 5.6.7), in milliseconds since the Unix epoch.

use std::time::{Duration, UNIX_EPOCH};

use http::header::AsHeaderName;
use http::{HeaderMap, HeaderValue};

use crate::clock::{Millis, as_millis};

/// The date that a field holds, if it holds one, or the same one on each line.
pub(super) fn date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Millis> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    lines.all(|line| line == first).then(|| parse(first))?
}

/// A date as a field holds it.
pub(super) fn field(date: Millis) -> Option<HeaderValue> {
    // Beyond this year a date has no form.
    let latest = Duration::from_secs(253_402_300_799);
    let date = Duration::from_millis(date).min(latest);
    HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + date)).ok()
}

fn parse(value: &HeaderValue) -> Option<Millis> {
    let date = httpdate::parse_http_date(&in_usual_case(value.to_str().ok()?)).ok()?;
    // A date before 1970 is as old as any.
    Some(date.duration_since(UNIX_EPOCH).map_or(0, as_millis))
}

/// Dates have a case, but a cache "SHOULD match the field value case-insensitively" (RFC 9111, section 4.2).
fn in_usual_case(text: &str) -> String {
    let mut inside_word = false;
    let usual = text.chars().map(|character| {
        let starts_word = character.is_ascii_alphabetic() && !inside_word;
        inside_word = character.is_ascii_alphabetic();
        if starts_word { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
    });
    usual.collect::<String>().replace("Gmt", "GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_each_form_and_case() {
        for text in [
            "Thu, 18 Aug 2050 02:01:18 GMT",
            "THU, 18 AUG 2050 02:01:18 gmt",
            "Thursday, 18-Aug-50 02:01:18 GMT",
            "Thu Aug 18 02:01:18 2050",
        ] {
            assert_eq!(parse(&HeaderValue::from_static(text)), Some(2_544_400_878_000), "{text}");
        }
        for text in
            ["0", "", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050"]
        {
            assert_eq!(parse(&HeaderValue::from_static(text)), None, "{text}");
        }
    }

    #[test]
    fn lines_that_differ_are_no_date() {
        let mut headers = HeaderMap::new();
        headers.append("expires", HeaderValue::from_static("Thu, 18 Aug 2050 02:01:18 GMT"));
        headers.append("expires", HeaderValue::from_static("Thu, 18 Aug 2050 02:01:18 GMT"));
        assert!(date(&headers, "expires").is_some());
        headers.append("expires", HeaderValue::from_static("Thu, 18 Aug 2050 02:01:19 GMT"));
        assert_eq!(date(&headers, "expires"), None);
    }

    #[test]
    fn no_date_is_too_far() {
        assert_eq!(field(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(field(u64::MAX).unwrap(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
