//! Parsing of `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! A client can send either field with any content. So they are parsed from the right, where the nearest proxy appends.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

/// Maximum hops that are read, from the right.
pub const MAX_HOPS: usize = 32;

/// The field that trusted proxies write. Only one is read, since the other may be the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `X-Forwarded-For: client, proxy, proxy`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client;proto=https, for=proxy`.
    Forwarded,
}

impl ForwardingHeader {
    /// The hops from the right; `None` for one without an address.
    pub(super) fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + '_ {
        let name = match self {
            ForwardingHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardingHeader::Forwarded => FORWARDED,
        };
        // A line that is not ASCII becomes a hop without an address.
        let lines = headers.get_all(name).iter().rev().map(|line| line.to_str().unwrap_or_default());
        lines
            .flat_map(|line| Parts { rest: Some(line), separator: b',' })
            .map(move |hop| self.hop(hop))
            .take(MAX_HOPS)
    }

    fn hop(self, hop: &str) -> Option<IpAddr> {
        match self {
            ForwardingHeader::XForwardedFor => address(hop),
            ForwardingHeader::Forwarded => address(forwarded_for(hop)?),
        }
    }
}

/// The value of `for` in one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    // A backslash escapes a character in a quoted string; addresses need none.
    if element.contains('\\') {
        return None;
    }
    let pairs = Parts { rest: Some(element), separator: b';' }.filter_map(|pair| pair.split_once('='));
    let mut values =
        pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, value)| value.trim());
    let value = values.next()?;
    // With two values of `for` the element is ambiguous.
    if values.next().is_some() {
        return None;
    }
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// Parses an address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// The parts of a text, from the right; quoted separators do not separate. From the right, an unclosed quote of the
/// client cannot swallow what a proxy appended.
struct Parts<'t> {
    rest: Option<&'t str>,
    separator: u8,
}

impl<'t> Iterator for Parts<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.take()?;
        let mut is_quoted = false;
        let cut = rest.bytes().rposition(|byte| {
            is_quoted ^= byte == b'"';
            byte == self.separator && !is_quoted
        });
        let Some(cut) = cut else { return Some(rest) };
        self.rest = Some(&rest[..cut]);
        Some(&rest[cut + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(kind: ForwardingHeader, lines: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = if kind == ForwardingHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
            headers.append(name, line.parse().expect("a header's value"));
        }
        let text = |hop: Option<IpAddr>| hop.map_or_else(|| "-".to_owned(), |hop| hop.to_string());
        kind.hops(&headers).map(text).collect()
    }

    #[test]
    fn addresses_are_read_from_the_right_over_all_lines() {
        let lines = ["192.0.2.1, 192.0.2.2:8080", "[2001:db8::1]:80,2001:db8::2 ,[2001:db8::3]"];
        let expected = ["2001:db8::3", "2001:db8::2", "2001:db8::1", "192.0.2.2", "192.0.2.1"];
        assert_eq!(hops(ForwardingHeader::XForwardedFor, &lines), expected);
        assert_eq!(hops(ForwardingHeader::XForwardedFor, &["::ffff:192.0.2.1"]), ["192.0.2.1"]);
        assert!(hops(ForwardingHeader::XForwardedFor, &[]).is_empty());
    }

    #[test]
    fn an_invalid_address_is_a_hop_without_one() {
        for text in [
            "",
            " ",
            "unknown",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:99999",
            "1.2.3.4 5.6.7.8",
            "[::1",
            "é",
            "::1%eth0",
        ] {
            assert_eq!(hops(ForwardingHeader::XForwardedFor, &[text]), ["-"], "{text:?}");
        }
        assert_eq!(hops(ForwardingHeader::XForwardedFor, &["192.0.2.1,,"]), ["-", "-", "192.0.2.1"]);
    }

    #[test]
    fn the_number_of_hops_is_bounded() {
        let line: &'static str = Box::leak("192.0.2.1,".repeat(1_000).into_boxed_str());
        assert_eq!(hops(ForwardingHeader::XForwardedFor, &[line]).len(), MAX_HOPS);
    }

    #[test]
    fn forwarded_is_parsed_by_rfc_7239() {
        let lines = [
            r#"For="[2001:db8:cafe::17]:4711""#,
            "for=192.0.2.60;proto=http;by=203.0.113.43, for=192.0.2.43 , FOR=\"198.51.100.17\"",
        ];
        let expected = ["198.51.100.17", "192.0.2.43", "192.0.2.60", "2001:db8:cafe::17"];
        assert_eq!(hops(ForwardingHeader::Forwarded, &lines), expected);
        for text in
            ["for=unknown", "for=_hidden", "by=192.0.2.1", "for", "for=\"192.0.2.1", r#"for="192.0.2.\1""#]
        {
            assert_eq!(hops(ForwardingHeader::Forwarded, &[text]), ["-"], "{text:?}");
        }
        assert_eq!(hops(ForwardingHeader::Forwarded, &["for=192.0.2.1;for=192.0.2.2"]), ["-"]);
    }

    #[test]
    fn an_unclosed_quote_of_a_client_hides_no_hop_of_a_proxy() {
        let lines = [r#"for="evil, for=192.0.2.1"#];
        assert_eq!(hops(ForwardingHeader::Forwarded, &lines)[0], "192.0.2.1");
    }

    #[test]
    fn a_quoted_separator_makes_no_hop() {
        let lines = [r#"for=192.0.2.1;host="a, for=198.51.100.9""#];
        assert_eq!(hops(ForwardingHeader::Forwarded, &lines), ["192.0.2.1"]);
    }
}
