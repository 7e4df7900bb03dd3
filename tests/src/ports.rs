//! Ports of 127.0.0.1 for the servers that tests start.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use tokio::net::TcpStream;

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Returns a port without a listener.
///
/// Another process can take it before it is used; a fixture whose server does not start should try another.
///
/// # Errors
/// When the machine has no port left.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Waits until `address` takes connections. Cancel safe.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] when it does not within `limit`; the text has the error of the last try.
pub async fn wait_until_open(address: SocketAddr, limit: Duration) -> io::Result<()> {
    let mut last = None;
    let trying = async {
        // The system has no event for a new listener, so this polls.
        let mut pulse = tokio::time::interval(BETWEEN_TRIES);
        loop {
            pulse.tick().await;
            match TcpStream::connect(address).await {
                Ok(_) => return,
                Err(error) => last = Some(error),
            }
        }
    };
    if tokio::time::timeout(limit, trying).await.is_ok() {
        return Ok(());
    }
    let met = last.map_or_else(|| "no answer".to_owned(), |error| error.to_string());
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{address} did not open within {limit:?}: {met}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    #[tokio::test]
    async fn an_open_port_is_seen() {
        let listener = TcpListener::bind(local(0)).unwrap();
        let address = listener.local_addr().unwrap();
        wait_until_open(address, Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_port_that_opens_later_is_seen() {
        let address = local(free_port().unwrap());
        let waiting = tokio::spawn(wait_until_open(address, Duration::from_secs(5)));
        tokio::task::yield_now().await;
        let _listener = TcpListener::bind(address).unwrap();
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_closed_port_is_reported_with_its_address() {
        let address = local(free_port().unwrap());
        let error = wait_until_open(address, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}
