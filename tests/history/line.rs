//! `Line`: a way to the server that takes its time, so that what happens between a script and its answer is not
//! too short to be met.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::pace::{millis, pause};

/// How long bytes are under way in each direction…
const LATENCY_MS: Range<u64> = 0..2;
/// …and how long one piece in so many is, by which others go round trips meanwhile.
const LONG_LATENCY_MS: Range<u64> = 10..60;
const LONG: u32 = 50;
const BUFFER_BYTES: usize = 64 * 1024;

/// Opens a way to `server` for as long as the process lives, and returns where it begins.
pub(crate) async fn open(server: SocketAddr, mut rng: StdRng) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let mut lines = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(server).await else { continue };
            // Small commands would wait for each other's acknowledgement otherwise.
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            lines.spawn(carry(from_client, to_server, StdRng::from_rng(&mut rng)));
            lines.spawn(carry(from_server, to_client, StdRng::from_rng(&mut rng)));
        }
    });
    Ok(address)
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut rng: StdRng) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        let latency = if rng.random_ratio(1, LONG) { LONG_LATENCY_MS } else { LATENCY_MS };
        pause(millis(&mut rng, latency)).await;
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
    // One side has closed: the other learns of it when both halves are gone.
    let _ = to.shutdown().await;
}
