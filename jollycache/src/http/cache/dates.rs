//! HTTP dates (RFC 9110, section 5.6.7), in milliseconds since the Unix epoch.

use std::time::{Duration, UNIX_EPOCH};

use http::header::AsHeaderName;
use http::{HeaderMap, HeaderValue};

use crate::clock::{Millis, as_millis};

/// The date in a field; `None` if it is absent or malformed, or has several lines that differ.
pub(super) fn date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Millis> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    lines.all(|line| line == first).then(|| parse(first))?
}

/// A date as a field value.
pub(super) fn field(date: Millis) -> Option<HeaderValue> {
    // The format has four digits for the year.
    let latest = Duration::from_secs(253_402_300_799);
    let date = Duration::from_millis(date).min(latest);
    HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + date)).ok()
}

fn parse(value: &HeaderValue) -> Option<Millis> {
    let date = httpdate::parse_http_date(&in_usual_case(value.to_str().ok()?)).ok()?;
    // Dates before 1970 are clamped: they are in the past either way.
    Some(date.duration_since(UNIX_EPOCH).map_or(0, as_millis))
}

/// The text in the case that `httpdate` parses: a cache "SHOULD match the field value case-insensitively" (RFC 9111,
/// section 4.2).
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
    fn dates_are_clamped_to_the_last_year_of_the_format() {
        assert_eq!(field(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(field(u64::MAX).unwrap(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
