//! `Query`: a URI's query as a part of the cache key.

use percent_encoding::percent_decode_str;

/// Maximum pairs in a query; longer queries are not cached.
const MAX_PAIRS: usize = 64;

/// A query, as a part of the key and as it is forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// The pairs sorted by name. Pairs with one name keep their order, which may be significant.
    pub(super) key: String,
    /// The allowed pairs, as they were sent; `None` if all are allowed.
    pub(super) forwarded: Option<String>,
}

impl Query {
    /// Parses a query; `None` if it has more than [`MAX_PAIRS`] pairs.
    ///
    /// Pairs are not decoded in the key: two that are equal to one decoder may differ to another, and would then share
    /// a response. Only the hexadecimal digits of escapes are equal to all.
    pub(super) fn parse(query: &str, allowed: Option<&[String]>) -> Option<Self> {
        let all: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).take(MAX_PAIRS + 1).collect();
        if all.len() > MAX_PAIRS {
            return None;
        }
        let relevant: Vec<_> = all.iter().copied().filter(|pair| is_allowed(pair, allowed)).collect();
        let mut sorted: Vec<_> = relevant.iter().map(|pair| with_upper_case_escapes(pair)).collect();
        // By decoded name, so that two spellings of one name keep their order.
        sorted.sort_by_cached_key(|pair| decoded_name(pair));
        let forwarded = (relevant.len() < all.len()).then(|| relevant.join("&"));
        Some(Query { key: sorted.join("&"), forwarded })
    }
}

fn decoded_name(pair: &str) -> Vec<u8> {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    percent_decode_str(&name.replace('+', " ")).collect()
}

/// Whether a service that decodes names sees an allowed one.
fn is_allowed(pair: &str, allowed: Option<&[String]>) -> bool {
    let Some(allowed) = allowed else { return true };
    let decoded = decoded_name(pair);
    allowed.iter().any(|name| name.as_bytes() == decoded)
}

/// The text with its escapes in upper case (RFC 3986, section 6.2.2.1).
fn with_upper_case_escapes(text: &str) -> String {
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
    fn the_order_of_names_is_ignored_and_that_of_values_is_kept() {
        assert_eq!(key("b=2&a=1"), key("a=1&b=2"));
        assert_eq!(key("a=1&&b=2&"), key("a=1&b=2"));
        assert_ne!(key("a=1&a=2"), key("a=2&a=1"));
        assert_eq!(key("a=1&b=x&a=2"), key("a=1&a=2&b=x"));
        assert_ne!(key("page=1&p%61ge=2"), key("p%61ge=2&page=1"), "the same name, written in two ways");
    }

    #[test]
    fn pairs_that_may_differ_to_a_decoder_differ() {
        assert_eq!(key("a=%c3%a9"), key("a=%C3%A9"));
        for (one, other) in
            [("a", "a="), ("a=%61", "a=a"), ("a=+", "a=%20"), ("a=%ff", "a=%fe"), ("a=b", "a=B")]
        {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }

    #[test]
    fn a_pair_that_is_not_allowed_is_in_neither_form() {
        let allowed = ["page".to_owned(), "a b".to_owned()];
        let parse = |query| Query::parse(query, Some(&allowed)).unwrap();
        let query = parse("utm=1&p%61ge=2&page=3&a+b=4&page[]=5");
        assert_eq!(query.forwarded.as_deref(), Some("p%61ge=2&page=3&a+b=4"));
        assert_eq!(query.key, "a+b=4&p%61ge=2&page=3");
        assert_eq!(parse("page=1").forwarded, None);
        assert_eq!(parse("utm=1").forwarded.as_deref(), Some(""));
    }

    #[test]
    fn pairs_are_bounded() {
        assert!(Query::parse(&"a=1&".repeat(MAX_PAIRS), None).is_some());
        assert!(Query::parse(&"a=1&".repeat(MAX_PAIRS + 1), None).is_none());
    }
}
