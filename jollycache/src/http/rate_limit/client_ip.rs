//! `ClientIp`: whose request it is, by address, and whom to believe about it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Extensions;
use http::request::Parts;
use ipnet::{IpNet, Ipv6Net};

use super::forwarded::ForwardingHeader;
use crate::error::{Error, ErrorKind, Result};

/// How many leading bits of an IPv6 address make one client: a provider gives each customer a network of that size.
pub const DEFAULT_IPV6_PREFIX: u8 = 64;
/// The longest text of a network that an error repeats, in characters.
const MAX_ECHO_CHARS: usize = 64;

/// The peer's address, in a request's extensions: for servers that put none there in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Finds a request's client by address.
///
/// The peer of the connection is the client, unless it is a trusted proxy. Then the client is the right-most hop of
/// `X-Forwarded-For` that is no trusted proxy itself: what stands further left, anybody may have written. A hop that
/// names no address ends the search, and the proxy that reported it counts as the client.
///
/// The peer's address comes from the request's extensions: [`PeerAddr`], or, with the feature `axum`, what axum's
/// `into_make_service_with_connect_info::<SocketAddr>()` puts there.
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
    /// No proxy is trusted, and headers are not looked at.
    pub fn new() -> Self {
        ClientIp::default()
    }

    /// The proxies whose header is believed: networks such as `10.0.0.0/8`, or addresses. Each proxy must append the
    /// address of its own peer. Replaces those named before. Default: none.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for what is neither.
    pub fn trust_proxies<T: AsRef<str>>(mut self, networks: impl IntoIterator<Item = T>) -> Result<Self> {
        let networks = networks.into_iter().map(|network| parse_network(network.as_ref()));
        self.trusted = networks.collect::<Result<Vec<_>>>()?.into();
        Ok(self)
    }

    /// Which header the trusted proxies write. Default: [`ForwardingHeader::XForwardedFor`].
    #[must_use]
    pub fn header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    /// How many leading bits of an IPv6 address make one client, 1 to 128: who is given a network can take another
    /// address of it for every request. Default: 64.
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

    /// The client's address; of an IPv6 address the network's. `None` where the request holds no peer's address.
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
    let told = extensions.get::<PeerAddr>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let told = told.or_else(|| {
        let connection = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
        connection.map(|connection| connection.0)
    });
    told.map(|address| address.ip())
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
    fn nobody_is_believed_by_default() {
        assert_eq!(client(&ClientIp::new(), "198.51.100.1:5000", "192.0.2.1"), "198.51.100.1");
        assert_eq!(client(&ClientIp::new(), "127.0.0.1:5000", "192.0.2.1"), "127.0.0.1");
    }

    #[test]
    fn a_stranger_is_not_believed_though_there_are_proxies() {
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
            // Everybody is trusted: the first of them.
            ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
            // The proxy that reports nonsense.
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
    fn without_a_peer_there_is_no_client_whatever_headers_say() {
        assert_eq!(client(&behind(&["0.0.0.0/0", "::/0"]), "", "192.0.2.1"), "none");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for network in ["", "10.0.0.0/33", "ten", "10.0.0.0/8 ,", "2001:db8::/129"] {
            let error = ClientIp::new().trust_proxies([network]).expect_err(network);
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        }
    }

    #[cfg(feature = "axum")]
    #[test]
    fn what_axum_knows_of_the_peer_is_taken() {
        let peer: SocketAddr = "192.0.2.1:80".parse().expect("an address");
        let request = http::Request::builder().extension(axum::extract::ConnectInfo(peer)).body(());
        let (parts, ()) = request.expect("a request").into_parts();
        assert_eq!(ClientIp::new().of(&parts), Some(peer.ip()));
    }
}
