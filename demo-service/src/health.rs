//! `demo-service --health`: checks the service that runs with the same configuration. It is a mode of the binary, because
//! the image has neither a shell nor an HTTP client.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Config;

/// The timeout of connecting, and of each read.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The length of `HTTP/1.1 200 `.
const STATUS_BYTES: usize = 13;

/// Returns whether the response to `GET /health` is a 200. Blocks, for at most 6 s if the service hangs.
///
/// # Errors
/// There is no response from the configured address.
pub fn is_healthy(config: &Config) -> io::Result<bool> {
    let address = SocketAddr::new(reachable(config.host), config.port);
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("GET /health HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut status = [0; STATUS_BYTES];
    stream.read_exact(&mut status)?;
    Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200 "))
}

/// Replaces an unspecified address, on which a service listens, by the loopback address, to which a client can connect.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
