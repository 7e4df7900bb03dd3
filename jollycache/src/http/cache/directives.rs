//! `Directives`: the parsed field `Cache-Control` (RFC 9111, section 5.2).

use http::HeaderMap;
use http::header::AsHeaderName;

/// The greatest number of seconds; larger ones are clamped to it (RFC 9111, section 1.2.2).
pub(super) const MAX_SECONDS: u32 = 1 << 31;

/// The directives of one message, in order; names are in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// The directives of all lines of a field.
    pub(super) fn of(headers: &HeaderMap, name: impl AsHeaderName) -> Self {
        let mut found = Vec::new();
        for line in headers.get_all(name) {
            // Invalid UTF-8 in one directive must not hide a `no-store` beside it.
            let line = String::from_utf8_lossy(line.as_bytes());
            found.extend(split(&line).filter_map(directive));
        }
        Directives(found)
    }

    /// From names and values that were parsed elsewhere.
    pub(super) fn from_pairs(pairs: Vec<(String, Option<String>)>) -> Self {
        Directives(pairs)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Whether the directive is present without an argument.
    pub(super) fn has_bare(&self, name: &str) -> bool {
        self.0.iter().any(|(found, value)| found == name && value.is_none())
    }

    /// The arguments of all occurrences of a directive.
    pub(super) fn arguments(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).filter_map(|(_, value)| value.as_deref())
    }

    /// The argument of a directive in seconds; the least of several. An invalid number is zero, since the sender meant
    /// a limit and zero is the safe one.
    pub(super) fn seconds(&self, name: &str) -> Option<u32> {
        let all = self.0.iter().filter(|(found, _)| found == name);
        all.map(|(_, value)| value.as_deref().and_then(seconds).unwrap_or(0)).min()
    }
}

/// A `delta-seconds` (RFC 9111, section 1.2.2): digits only.
pub(super) fn seconds(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits fail to parse only on overflow.
    Some(text.parse().unwrap_or(MAX_SECONDS).min(MAX_SECONDS))
}

/// The elements of a comma-separated list; commas in quoted strings do not separate.
pub(super) fn split(line: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |character| {
        let parts = character == ',' && !quoted;
        if escaped {
            escaped = false;
        } else if character == '\\' && quoted {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        }
        parts
    })
}

fn directive(part: &str) -> Option<(String, Option<String>)> {
    let part = part.trim();
    let Some((name, value)) = part.split_once('=') else {
        return (!part.is_empty()).then(|| (part.to_ascii_lowercase(), None));
    };
    let spaced = name.ends_with([' ', '\t']) || value.starts_with([' ', '\t']);
    // Whitespace around `=` is not in the grammar. The empty argument makes `seconds` return the safe zero.
    let value = if spaced { String::new() } else { unquote(value) };
    Some((name.trim_end().to_ascii_lowercase(), Some(value)))
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use http::header::CACHE_CONTROL;

    use super::*;

    fn parse(lines: &[&str]) -> Directives {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, line.parse().unwrap());
        }
        Directives::of(&headers, CACHE_CONTROL)
    }

    #[test]
    fn names_are_case_insensitive_and_lines_are_joined() {
        let found = parse(&["Max-AGE=60, , No-Store", "PUBLIC"]);
        assert_eq!(found.seconds("max-age"), Some(60));
        assert!(found.has("no-store") && found.has("public") && !found.has("private"));
    }

    #[test]
    fn quoted_strings_hide_their_content() {
        let found = parse(&[r#"extension="max-age=3600, no-store\", public", max-age="7", no-cache="a, b""#]);
        assert_eq!(found.seconds("max-age"), Some(7));
        assert!(!found.has("no-store") && !found.has("public") && !found.has_bare("no-cache"));
        assert_eq!(found.arguments("no-cache").collect::<Vec<_>>(), ["a, b"]);
    }

    #[test]
    fn an_invalid_number_is_zero_and_a_large_one_is_clamped() {
        for value in ["-1", "1.5", "a1", "1a", "'1'", "", " 1", "+1"] {
            assert_eq!(parse(&[&format!("max-age={value}")]).seconds("max-age"), Some(0), "{value:?}");
        }
        for value in ["2147483649", "99999999999", "99999999999999999999999999999"] {
            assert_eq!(
                parse(&[&format!("max-age={value}")]).seconds("max-age"),
                Some(MAX_SECONDS),
                "{value}"
            );
        }
        assert_eq!(parse(&["max-age=003600"]).seconds("max-age"), Some(3600));
    }

    #[test]
    fn the_shorter_of_two_counts() {
        assert_eq!(parse(&["max-age=1800, max-age=1"]).seconds("max-age"), Some(1));
        assert_eq!(parse(&["max-age=1", "max-age=1800"]).seconds("max-age"), Some(1));
    }
}
