//! Targeted fields, such as `CDN-Cache-Control` (RFC 9213): dictionaries of RFC 9651, parsed strictly.

use http::{HeaderMap, HeaderName};

use super::directives::{Directives, split};

/// The directives of a targeted field; `None` if it is absent, empty or malformed, and so to be ignored.
pub(super) fn targeted(headers: &HeaderMap, name: &HeaderName) -> Option<Directives> {
    let mut members: Vec<(String, Option<String>)> = Vec::new();
    for line in headers.get_all(name) {
        for part in split(line.to_str().ok()?) {
            let (key, value) = member(part.trim_matches([' ', '\t']))?;
            members.retain(|(found, _)| *found != key);
            members.push((key, value));
        }
    }
    let directives = Directives::from_pairs(members);
    (!directives.is_empty()).then_some(directives)
}

fn member(part: &str) -> Option<(String, Option<String>)> {
    let item = part.split(';').next()?.trim_end();
    let (key, value) = item.split_once('=').map_or((item, None), |(key, value)| (key, Some(value)));
    let starts_well = key.starts_with(|first: char| first.is_ascii_lowercase() || first == '*');
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    if !starts_well || !key.bytes().all(is_key) {
        return None;
    }
    let value = match value {
        None | Some("?1") => None,
        // `?0` negates the directive; the name is changed, so that it is not taken for the bare directive.
        Some("?0") => return Some((format!("not {key}"), None)),
        Some(value) => Some(bare_item(key, value)?),
    };
    Some((key.to_owned(), value))
}

/// The value of an item. Directives in seconds accept integers only.
fn bare_item(key: &str, value: &str) -> Option<String> {
    let counts_seconds = matches!(key, "max-age" | "s-maxage" | "stale-while-revalidate" | "stale-if-error");
    let is_number = !value.is_empty() && value.len() <= 15 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_string = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let is_token = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*')
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
    if is_number {
        return Some(value.to_owned());
    }
    (!counts_seconds && (is_string || is_token)).then(|| value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Directives> {
        let name = HeaderName::from_static("cdn-cache-control");
        let mut headers = HeaderMap::new();
        headers.insert(&name, line.parse().unwrap());
        targeted(&headers, &name)
    }

    #[test]
    fn members_are_directives() {
        let found = parse("foobar, max-age=3600;a=b, private=?0, no-store=?1, max-age=7").unwrap();
        assert_eq!(found.seconds("max-age"), Some(7), "the last one counts");
        assert!(found.has("no-store") && !found.has("private"));
    }

    #[test]
    fn a_malformed_field_is_ignored_as_a_whole() {
        for line in [
            "max-age=10000, &&&&&",
            "max-age=\"10000\"",
            "max-age=1.5",
            "max-age =100",
            "max-age= 100",
            "MaX-aGe=3600",
            "max-age=1,",
            "max-age=-1",
            "",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
