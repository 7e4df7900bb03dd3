//! Secondary keys: digests of the request fields that a response varies by (RFC 9111, section 4.1).

use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderName};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// A digest of the fields `names` of a request. Requests whose values are equal after normalization have the same one.
pub(super) fn digest(names: &[HeaderName], request: &HeaderMap) -> String {
    let mut hash = Sha256::new();
    for name in names {
        let value = value(name, request);
        hash.update(name.as_str());
        // The marker separates absent from empty values, the length separates adjacent ones.
        match value {
            None => hash.update([0]),
            Some(value) => {
                hash.update([1]);
                hash.update(value.len().to_be_bytes());
                hash.update(value);
            }
        }
    }
    digits(hash)
}

/// The first 128 bits of a hash, as hexadecimal digits.
pub(super) fn digits(hash: Sha256) -> String {
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(first))
}

fn value(name: &HeaderName, request: &HeaderMap) -> Option<Vec<u8>> {
    let mut lines = request.get_all(name).iter().map(HeaderValue::as_bytes);
    let mut joined = lines.next()?.trim_ascii().to_vec();
    for line in lines {
        joined.extend(b", ");
        joined.extend(line.trim_ascii());
    }
    let is_weighted = *name == ACCEPT_ENCODING || *name == ACCEPT_LANGUAGE;
    match std::str::from_utf8(&joined) {
        Ok(text) if is_weighted => Some(by_weight(text).into_bytes()),
        _ => Some(joined),
    }
}

/// A weighted list in a normal form: lower case, without whitespace, by descending weight, then by name.
fn by_weight(text: &str) -> String {
    let mut choices: Vec<(u16, String)> = text.split(',').filter_map(choice).collect();
    choices.sort_unstable_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    choices.dedup();
    let texts: Vec<_> = choices.into_iter().map(|(weight, choice)| format!("{choice};{weight}")).collect();
    texts.join(",")
}

/// A choice and its weight in thousandths. An invalid weight remains part of the choice.
fn choice(text: &str) -> Option<(u16, String)> {
    let text: String = text.split_ascii_whitespace().collect::<String>().to_ascii_lowercase();
    if text.is_empty() {
        return None;
    }
    match text.split_once(";q=") {
        Some((choice, weight)) => match thousandths(weight) {
            Some(weight) => Some((weight, choice.to_owned())),
            None => Some((1_000, text)),
        },
        None => Some((1_000, text)),
    }
}

fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let is_weight = matches!(whole, "0" | "1")
        && part.len() <= 3
        && part.bytes().all(|digit| digit.is_ascii_digit())
        && (whole == "0" || part.bytes().all(|digit| digit == b'0'));
    is_weight.then(|| format!("{whole}{part:0<3}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, lines: &[&'static str]) -> String {
        let name = HeaderName::from_static(name);
        let mut request = HeaderMap::new();
        for line in lines {
            request.append(&name, HeaderValue::from_static(line));
        }
        digest(&[name], &request)
    }

    #[test]
    fn absent_empty_and_other_values_are_three_things() {
        assert_ne!(of("foo", &[]), of("foo", &[""]));
        assert_ne!(of("foo", &[""]), of("foo", &["1"]));
        assert_ne!(of("foo", &["1, 2"]), of("foo", &["1,2"]), "the field may not be a list");
        assert_eq!(
            of("foo", &["1, 2"]),
            of("foo", &["1", " 2 "]),
            "lines are joined (RFC 9110, section 5.3)"
        );
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let names = ["a", "b"].map(HeaderName::from_static);
        let of = |a: &'static str, b: &'static str| {
            let pairs = [("a", a), ("b", b)];
            let request =
                pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            digest(&names, &request.into_iter().collect())
        };
        assert_ne!(of("1", "12"), of("11", "2"));
    }

    #[test]
    fn equivalent_choices_have_one_digest() {
        let language = |line| of("accept-language", &[line]);
        assert_eq!(language("en, de"), language("dE ,  EN"));
        assert_eq!(language("en;q=1.0, de;q=0.50"), language("en, de; q=0.5"));
        assert_ne!(language("en, de;q=0.5"), language("de, en;q=0.5"));
        assert_ne!(language("en"), language("en, de;q=0"));
        assert_ne!(language("en;q=2"), language("en"));
        assert_eq!(of("accept-encoding", &["gzip, br"]), of("accept-encoding", &["br", "GZIP"]));
    }
}
