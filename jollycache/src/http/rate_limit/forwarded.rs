//! What proxies say about whom they asked for: `X-Forwarded-For`, or `Forwarded` (RFC 7239).
//!
//! A client may send any of it. So everything is read from the right, where the nearest proxy writes, and no further
//! than it is believed.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

/// How many hops are looked at, from the right.
pub const MAX_HOPS: usize = 32;

/// Which header the trusted proxies write. Only one is believed: the other may be the client's own.
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
    /// The hops from the right; `None` for one that names no address.
    pub(super) fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + '_ {
        let name = match self {
            ForwardingHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardingHeader::Forwarded => FORWARDED,
        };
        // What is no text names no address.
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
    // Backslashes quote characters, and no address holds such.
    if element.contains('\\') {
        return None;
    }
    let pairs = Parts { rest: Some(element), separator: b';' }.filter_map(|pair| pair.split_once('='));
    let mut values =
        pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, value)| value.trim());
    let value = values.next()?;
    // A second one makes the element one of no known meaning.
    if values.next().is_some() {
        return None;
    }
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// An address with or without a port, as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// The parts of a text, from the right; separators in quotes part nothing. What a client left open on the left cannot
/// reach what a proxy wrote on the right.
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
    fn what_is_no_address_names_none() {
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
    fn no_more_hops_are_looked_at_than_is_bounded() {
        let line: &'static str = Box::leak("192.0.2.1,".repeat(1_000).into_boxed_str());
        assert_eq!(hops(ForwardingHeader::XForwardedFor, &[line]).len(), MAX_HOPS);
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_says() {
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
    fn an_open_quote_of_a_client_hides_nothing_that_a_proxy_adds() {
        let lines = [r#"for="evil, for=192.0.2.1"#];
        assert_eq!(hops(ForwardingHeader::Forwarded, &lines)[0], "192.0.2.1");
    }

    #[test]
    fn a_quoted_text_makes_no_hop() {
        let lines = [r#"for=192.0.2.1;host="a, for=198.51.100.9""#];
        assert_eq!(hops(ForwardingHeader::Forwarded, &lines), ["192.0.2.1"]);
    }
}
