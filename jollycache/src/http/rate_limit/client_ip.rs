//! `ClientIp`: the client's address, by the connection and by trusted proxies.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Extensions;
use http::request::Parts;
use ipnet::{IpNet, Ipv6Net};

use super::forwarded::ForwardingHeader;
use crate::error::{Error, ErrorKind, Result};

/// The default prefix length, in bits, by which IPv6 clients are counted: providers assign networks of this size.
pub const DEFAULT_IPV6_PREFIX: u8 = 64;
/// Maximum characters of an invalid network that an error repeats.
const MAX_ECHO_CHARS: usize = 64;

/// The address of the connection's peer, as an extension of a request; for servers other than axum's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Determines the address of a request's client.
///
/// The peer of the connection is the client, unless it is a trusted proxy. Then the client is the right-most hop of
/// `X-Forwarded-For` that is not a trusted proxy; hops further left may be forged by the client. A hop without an
/// address ends the search, and the proxy that added it counts as the client.
///
/// The peer's address comes from the request's extensions: [`PeerAddr`], or, with the feature `axum`, the `ConnectInfo`
/// of `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// ```
/// use jollycache::http::rate_limit::ClientIp;
///
/// # fn main() -> jollycache::Result<()> {
/// let client_ip = ClientIp::new().trust_proxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ClientIp {
    trusted: Arc<[IpNet]>,
    header: ForwardingHeader,
    ipv6_prefix: u8,
}

impl Default for ClientIp {
    fn default() -> Self {
        ClientIp {
            trusted: Arc::new([]),
            header: ForwardingHeader::default(),
            ipv6_prefix: DEFAULT_IPV6_PREFIX,
        }
    }
}

impl ClientIp {
    /// Trusts no proxy and reads no header field.
    ///
    /// ```
    /// let client_ip = jollycache::http::rate_limit::ClientIp::new();
    /// # let _ = client_ip;
    /// ```
    pub fn new() -> Self {
        ClientIp::default()
    }

    /// The trusted proxies: networks such as `10.0.0.0/8`, or addresses. Each proxy must append the address of its own
    /// peer. Replaces those of an earlier call. Default: none.
    ///
    /// ```
    /// let client_ip = jollycache::http::rate_limit::ClientIp::new().trust_proxies(["10.0.0.0/8"])?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a text that is neither.
    pub fn trust_proxies<T: AsRef<str>>(mut self, networks: impl IntoIterator<Item = T>) -> Result<Self> {
        let networks = networks.into_iter().map(|network| parse_network(network.as_ref()));
        self.trusted = networks.collect::<Result<Vec<_>>>()?.into();
        Ok(self)
    }

    /// The field that the trusted proxies write. Default: [`ForwardingHeader::XForwardedFor`].
    ///
    /// ```
    /// use jollycache::http::rate_limit::{ClientIp, ForwardingHeader};
    ///
    /// let client_ip = ClientIp::new().trust_proxies(["10.0.0.0/8"])?.header(ForwardingHeader::Forwarded);
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    #[must_use]
    pub fn header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    /// The prefix length by which IPv6 clients are counted, 1 to 128 bits. The owner of a network can use another of its
    /// addresses for every request, so all of them count as one client. Default: 64.
    ///
    /// ```
    /// let client_ip = jollycache::http::rate_limit::ClientIp::new().ipv6_prefix(56)?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a number out of range.
    pub fn ipv6_prefix(mut self, bits: u8) -> Result<Self> {
        if !(1..=128).contains(&bits) {
            return Err(config(format!("an IPv6 prefix of {bits} bits: expected 1 to 128")));
        }
        self.ipv6_prefix = bits;
        Ok(self)
    }

    /// The client's address; for IPv6 that of its network. `None` if the request has no peer's address.
    ///
    /// ```
    /// use jollycache::http::rate_limit::{ClientIp, PeerAddr};
    ///
    /// let peer = PeerAddr(([203, 0, 113, 7], 443).into());
    /// let (request, ()) = http::Request::builder().extension(peer).body(()).unwrap().into_parts();
    /// assert_eq!(ClientIp::new().of(&request), Some([203, 0, 113, 7].into()));
    /// ```
    pub fn of(&self, request: &Parts) -> Option<IpAddr> {
        let mut client = peer(&request.extensions)?.to_canonical();
        let mut hops = self.header.hops(&request.headers);
        while self.is_trusted(client)
            && let Some(Some(hop)) = hops.next()
        {
            client = hop;
        }
        Some(self.masked(client))
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    fn masked(&self, address: IpAddr) -> IpAddr {
        let IpAddr::V6(v6) = address else { return address };
        Ipv6Net::new(v6, self.ipv6_prefix).map_or(address, |network| network.network().into())
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let address = extensions.get::<PeerAddr>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let address = address.or_else(|| {
        let connection = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
        connection.map(|connection| connection.0)
    });
    address.map(|address| address.ip())
}

fn parse_network(text: &str) -> Result<IpNet> {
    let text = text.trim();
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| {
        let echo: String = text.chars().take(MAX_ECHO_CHARS).collect();
        config(format!("a trusted proxy {echo:?}: expected a network such as 10.0.0.0/8, or an address"))
    })
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(client_ip: &ClientIp, peer: &str, forwarded: &str) -> String {
        let mut request = http::Request::builder().header("x-forwarded-for", forwarded);
        if !peer.is_empty() {
            request = request.extension(PeerAddr(peer.parse().expect("an address")));
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        client_ip.of(&parts).map_or_else(|| "none".to_owned(), |client| client.to_string())
    }

    fn behind(proxies: &[&str]) -> ClientIp {
        ClientIp::new().trust_proxies(proxies).expect("good networks")
    }

    #[test]
    fn no_peer_is_trusted_by_default() {
        assert_eq!(client(&ClientIp::new(), "198.51.100.1:5000", "192.0.2.1"), "198.51.100.1");
        assert_eq!(client(&ClientIp::new(), "127.0.0.1:5000", "192.0.2.1"), "127.0.0.1");
    }

    #[test]
    fn a_peer_that_is_not_a_trusted_proxy_is_the_client() {
        assert_eq!(client(&behind(&["10.0.0.0/8"]), "198.51.100.1:5000", "192.0.2.1"), "198.51.100.1");
    }

    #[test]
    fn the_right_most_hop_that_is_not_trusted_is_the_client() {
        let client_ip = behind(&["10.0.0.0/8", "192.0.2.7"]);
        let cases = [
            ("198.51.100.1", "198.51.100.1"),
            ("6.6.6.6, 198.51.100.1", "198.51.100.1"),
            ("6.6.6.6, 198.51.100.1, 10.1.1.1, 192.0.2.7", "198.51.100.1"),
            ("10.9.9.9, 198.51.100.1", "198.51.100.1"),
            // All hops are trusted: the left-most of them.
            ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
            // The proxy that added the invalid hop.
            ("198.51.100.1, nonsense", "10.0.0.1"),
            ("198.51.100.1, nonsense, 10.1.1.1", "10.1.1.1"),
            ("", "10.0.0.1"),
        ];
        for (header, expected) in cases {
            assert_eq!(client(&client_ip, "10.0.0.1:5000", header), expected, "{header:?}");
        }
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let [one, other, third] = ["[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:1", "[2001:db8:1:3::1]:1"];
        let of = |client_ip: &ClientIp, peer| client(client_ip, peer, "");
        let by_64 = ClientIp::new();
        assert_eq!(of(&by_64, one), "2001:db8:1:2::");
        assert_eq!(of(&by_64, one), of(&by_64, other));
        assert_ne!(of(&by_64, one), of(&by_64, third));
        let by_48 = ClientIp::new().ipv6_prefix(48).expect("in range");
        assert_eq!(of(&by_48, one), of(&by_48, third));
        let by_128 = ClientIp::new().ipv6_prefix(128).expect("in range");
        assert_eq!(of(&by_128, other), "2001:db8:1:2:ffff::9");
        assert!(ClientIp::new().ipv6_prefix(0).is_err() && ClientIp::new().ipv6_prefix(129).is_err());
    }

    #[test]
    fn an_ipv4_address_in_an_ipv6_one_is_the_ipv4_address() {
        let client_ip = behind(&["10.0.0.0/8"]);
        assert_eq!(client(&client_ip, "[::ffff:10.0.0.1]:1", "::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn without_a_peer_header_fields_are_ignored() {
        assert_eq!(client(&behind(&["0.0.0.0/0", "::/0"]), "", "192.0.2.1"), "none");
    }

    #[test]
    fn an_invalid_network_is_refused() {
        for network in ["", "10.0.0.0/33", "ten", "10.0.0.0/8 ,", "2001:db8::/129"] {
            let error = ClientIp::new().trust_proxies([network]).expect_err(network);
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        }
    }

    #[cfg(feature = "axum")]
    #[test]
    fn the_connect_info_of_axum_is_used() {
        let peer: SocketAddr = "192.0.2.1:80".parse().expect("an address");
        let request = http::Request::builder().extension(axum::extract::ConnectInfo(peer)).body(());
        let (parts, ()) = request.expect("a request").into_parts();
        assert_eq!(ClientIp::new().of(&parts), Some(peer.ip()));
    }
}
