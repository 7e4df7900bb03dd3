//! `TcpProxy`: a line to a server that can be slow, and go dead without being closed.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How many pieces may be under way on a slow line, each way.
const UNDER_WAY: usize = 4096;

/// How long what is sent is under way, in milliseconds: each piece a random time within the range, never overtaking
/// the one before it.
#[derive(Debug, Clone)]
pub struct Delay {
    /// From the client to the server.
    pub there: RangeInclusive<u64>,
    /// From the server to the client.
    pub back: RangeInclusive<u64>,
}

impl Delay {
    /// The same both ways.
    pub fn each_way(milliseconds: RangeInclusive<u64>) -> Self {
        Delay { there: milliseconds.clone(), back: milliseconds }
    }
}

/// Passes connections on to a server, until told otherwise. It ends when this is dropped.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    muted: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    resets: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// Starts a proxy to a port of this machine.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(server_port: u16) -> Self {
        Self::start_slow(server_port, Delay::each_way(0..=0)).await
    }

    /// Starts a proxy that delays what it passes on.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start_slow(server_port: u16, delay: Delay) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let [muted, accepted, resets] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        let task =
            tokio::spawn(accept(listener, server_port, delay, [&muted, &accepted, &resets].map(Arc::clone)));
        TcpProxy { address, muted, accepted, resets, task }
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Swallows from now on what the connections that are open now carry, without closing them; new ones work.
    pub fn mute_open_connections(&self) {
        self.muted.store(self.accepted.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// How many connections their client cut off, dropping what was still to be sent.
    pub fn resets(&self) -> usize {
        self.resets.load(Ordering::SeqCst)
    }

    /// How many connections were made so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, delay: Delay, counts: [Arc<AtomicUsize>; 3]) {
    let [muted, accepted, resets] = counts;
    while let Ok((inbound, _)) = listener.accept().await {
        let Ok(outbound) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        let number = accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let (from_client, to_client) = inbound.into_split();
        let (from_server, to_server) = outbound.into_split();
        let (there, back) = (delay.there.clone(), delay.back.clone());
        let (upstream_muted, resets) = (Arc::clone(&muted), Arc::clone(&resets));
        tokio::spawn(async move {
            if pass(from_client, to_server, number, upstream_muted, there).await.is_err() {
                resets.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::spawn(pass(from_server, to_client, number, Arc::clone(&muted), back));
    }
}

/// Fails when the sender does not close its side but breaks off.
async fn pass(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    number: usize,
    muted: Arc<AtomicUsize>,
    delay: RangeInclusive<u64>,
) -> io::Result<()> {
    let (line, arrivals) = mpsc::channel(UNDER_WAY);
    let (taken, ()) = tokio::join!(take(from, line, number, muted, delay), deliver(arrivals, to));
    taken
}

type Piece = (Instant, Vec<u8>);

async fn take(
    mut from: OwnedReadHalf,
    line: mpsc::Sender<Piece>,
    number: usize,
    muted: Arc<AtomicUsize>,
    delay: RangeInclusive<u64>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let is_muted = number <= muted.load(Ordering::SeqCst);
        let arrives = Instant::now() + Duration::from_millis(rand::random_range(delay.clone()));
        if read == 0 || (!is_muted && line.send((arrives, buffer[..read].to_vec())).await.is_err()) {
            return Ok(());
        }
    }
}

async fn deliver(mut arrivals: mpsc::Receiver<Piece>, mut to: OwnedWriteHalf) {
    while let Some((arrives, piece)) = arrivals.recv().await {
        tokio::time::sleep_until(arrives).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}
