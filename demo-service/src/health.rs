//! `demo-service --health`: asks the service that runs with the same configuration whether it is well. An image without a
//! shell has nothing else to ask with.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Config;

/// How long it may take to connect, and then to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// `HTTP/1.1 200 `.
const STATUS_BYTES: usize = 13;

/// Whether `GET /health` is answered with 200. Blocks, for at most 6 s if the service hangs.
///
/// # Errors
/// That nobody answers at the configuration's address.
pub fn is_well(config: &Config) -> io::Result<bool> {
    let address = SocketAddr::new(reachable(config.host), config.port);
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("GET /health HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut status = [0; STATUS_BYTES];
    stream.read_exact(&mut status)?;
    Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200 "))
}

/// Who listens everywhere is asked from here.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
