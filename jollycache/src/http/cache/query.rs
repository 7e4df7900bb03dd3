//! Queries as keys: their pairs sorted, and only those that count.

use percent_encoding::percent_decode_str;

/// The most pairs that a key is made of.
const MAX_PAIRS: usize = 64;

/// A query in the two forms that are needed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// The pairs sorted by name; those of one name stay in their order, which may mean something.
    pub(super) key: String,
    /// What the service is to see: the pairs that count, as they were sent. `None` if all of them do.
    pub(super) kept: Option<String>,
}

impl Query {
    /// `None` for more pairs than a key is made of.
    ///
    /// Pairs are not decoded: what one decoder takes for the same, another may tell apart. Only the digits of an
    /// escape have no case for any of them.
    pub(super) fn parse(query: &str, allowed: Option<&[String]>) -> Option<Self> {
        let all: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).take(MAX_PAIRS + 1).collect();
        if all.len() > MAX_PAIRS {
            return None;
        }
        let counted: Vec<_> = all.iter().copied().filter(|pair| counts(pair, allowed)).collect();
        let mut sorted: Vec<_> = counted.iter().map(|pair| in_upper_case(pair)).collect();
        // By what a name says and not by how it is written: two that say the same stay in their order.
        sorted.sort_by_cached_key(|pair| decoded_name(pair));
        let kept = (counted.len() < all.len()).then(|| counted.join("&"));
        Some(Query { key: sorted.join("&"), kept })
    }
}

fn decoded_name(pair: &str) -> Vec<u8> {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    percent_decode_str(&name.replace('+', " ")).collect()
}

/// Whether a pair is one of those allowed, to a service that decodes names.
fn counts(pair: &str, allowed: Option<&[String]>) -> bool {
    let Some(allowed) = allowed else { return true };
    let decoded = decoded_name(pair);
    allowed.iter().any(|name| name.as_bytes() == decoded)
}

/// The text with the digits of its escapes in upper case (RFC 3986, section 6.2.2.1).
fn in_upper_case(text: &str) -> String {
    let mut digits = 0;
    let upper = text.chars().map(|character| {
        if character == '%' {
            digits = 2;
            return character;
        }
        if digits > 0 && character.is_ascii_hexdigit() {
            digits -= 1;
            return character.to_ascii_uppercase();
        }
        digits = 0;
        character
    });
    upper.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(query: &str) -> String {
        Query::parse(query, None).unwrap().key
    }

    #[test]
    fn the_order_of_names_does_not_count_and_that_of_values_does() {
        assert_eq!(key("b=2&a=1"), key("a=1&b=2"));
        assert_eq!(key("a=1&&b=2&"), key("a=1&b=2"));
        assert_ne!(key("a=1&a=2"), key("a=2&a=1"));
        assert_eq!(key("a=1&b=x&a=2"), key("a=1&a=2&b=x"));
        assert_ne!(key("page=1&p%61ge=2"), key("p%61ge=2&page=1"), "the same name, written in two ways");
    }

    #[test]
    fn what_may_differ_to_someone_differs() {
        assert_eq!(key("a=%c3%a9"), key("a=%C3%A9"));
        for (one, other) in
            [("a", "a="), ("a=%61", "a=a"), ("a=+", "a=%20"), ("a=%ff", "a=%fe"), ("a=b", "a=B")]
        {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_in_neither_form() {
        let allowed = ["page".to_owned(), "a b".to_owned()];
        let parse = |query| Query::parse(query, Some(&allowed)).unwrap();
        let query = parse("utm=1&p%61ge=2&page=3&a+b=4&page[]=5");
        assert_eq!(query.kept.as_deref(), Some("p%61ge=2&page=3&a+b=4"));
        assert_eq!(query.key, "a+b=4&p%61ge=2&page=3");
        assert_eq!(parse("page=1").kept, None);
        assert_eq!(parse("utm=1").kept.as_deref(), Some(""));
    }

    #[test]
    fn pairs_are_bounded() {
        assert!(Query::parse(&"a=1&".repeat(MAX_PAIRS), None).is_some());
        assert!(Query::parse(&"a=1&".repeat(MAX_PAIRS + 1), None).is_none());
    }
}
