//! `TcpProxy`: a line to a server that can be slow, narrow, held up, or dead without being closed.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How many reads of a line wait to be written; behind them the sender's own buffers fill.
const MAX_CHUNKS: usize = 4096;
const CHUNK_BYTES: usize = 16 * 1024;

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

/// Forwards connections to a server, with the faults that are set. Ends on drop; requests that are held back are lost.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

/// What the connections of a proxy have in common.
#[derive(Debug)]
struct Line {
    delay: Delay,
    muted: AtomicUsize,
    accepted: AtomicUsize,
    resets: AtomicUsize,
    /// Zero for no limit.
    bytes_per_second: AtomicU64,
    holds_requests: watch::Sender<bool>,
}

impl Line {
    fn new(delay: Delay) -> Self {
        Line {
            delay,
            muted: AtomicUsize::default(),
            accepted: AtomicUsize::default(),
            resets: AtomicUsize::default(),
            bytes_per_second: AtomicU64::default(),
            holds_requests: watch::Sender::default(),
        }
    }

    fn delay(&self, direction: Direction) -> Duration {
        let range = match direction {
            Direction::ToServer => self.delay.there.clone(),
            Direction::ToClient => self.delay.back.clone(),
        };
        Duration::from_millis(rand::random_range(range))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
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
        let line = Arc::new(Line::new(delay));
        let task = tokio::spawn(accept(listener, server_port, line.clone()));
        TcpProxy { address, line, task }
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL of a Redis server behind the proxy.
    pub fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// From now on each connection carries no more than this, in each direction.
    pub fn set_bandwidth(&self, bytes_per_second: u64) {
        self.line.bytes_per_second.store(bytes_per_second, Ordering::SeqCst);
    }

    /// Keeps back from now on what is sent to the server, also when its sender gives up.
    pub fn hold_requests(&self) {
        self.line.holds_requests.send_replace(true);
    }

    /// Delivers the requests that are held back.
    pub fn deliver_requests(&self) {
        self.line.holds_requests.send_replace(false);
    }

    /// Swallows from now on what the connections that are open now carry, without closing them; new ones work.
    pub fn mute_open_connections(&self) {
        self.line.muted.store(self.accepted(), Ordering::SeqCst);
    }

    /// Returns the number of connections that their client reset, discarding unsent bytes.
    pub fn resets(&self) -> usize {
        self.line.resets.load(Ordering::SeqCst)
    }

    /// How many connections were made so far.
    pub fn accepted(&self) -> usize {
        self.line.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, line: Arc<Line>) {
    while let Ok((inbound, _)) = listener.accept().await {
        let Ok(outbound) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        let _ = (inbound.set_nodelay(true), outbound.set_nodelay(true));
        let number = line.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let (from_client, to_client) = inbound.into_split();
        let (from_server, to_server) = outbound.into_split();
        let upstream = line.clone();
        tokio::spawn(async move {
            if pass(from_client, to_server, number, &upstream, Direction::ToServer).await.is_err() {
                upstream.resets.fetch_add(1, Ordering::SeqCst);
            }
        });
        let downstream = line.clone();
        tokio::spawn(async move {
            let _ = pass(from_server, to_client, number, &downstream, Direction::ToClient).await;
        });
    }
}

/// Fails when the sender does not close its side but breaks off.
async fn pass(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    number: usize,
    line: &Arc<Line>,
    direction: Direction,
) -> io::Result<()> {
    // What is under way outlives its sender, as it does in a network.
    let (under_way, arriving) = mpsc::channel(MAX_CHUNKS);
    tokio::spawn(deliver(arriving, to, line.clone(), direction));
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        let is_muted = number <= line.muted.load(Ordering::SeqCst);
        let due = Instant::now() + line.delay(direction);
        if read == 0 || (!is_muted && under_way.send((due, buffer[..read].to_vec())).await.is_err()) {
            return Ok(());
        }
    }
}

async fn deliver(
    mut arriving: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    line: Arc<Line>,
    direction: Direction,
) {
    let mut holds = line.holds_requests.subscribe();
    while let Some((due, chunk)) = arriving.recv().await {
        tokio::time::sleep_until(due).await;
        if direction == Direction::ToServer && holds.wait_for(|holds| !holds).await.is_err() {
            return;
        }
        if to.write_all(&chunk).await.is_err() {
            return;
        }
        let bytes_per_second = line.bytes_per_second.load(Ordering::SeqCst);
        let micros = (chunk.len() as u64 * 1_000_000).checked_div(bytes_per_second).unwrap_or(0);
        tokio::time::sleep_until(Instant::now() + Duration::from_micros(micros)).await;
    }
}
