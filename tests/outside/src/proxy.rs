//! A network between the cache and its server: slow, stalled or cut, each direction by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to the bytes of one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Traffic {
    /// How long a chunk takes, drawn anew for each.
    delay: Range<u64>,
    /// Bytes of connections below this number wait in the proxy.
    held: u64,
}

#[derive(Debug)]
struct Shared {
    ways: [watch::Sender<Traffic>; 2],
    /// Each counts up when the receivers of its direction are to get the end of their streams.
    ends: [watch::Sender<u64>; 2],
    /// Counts up when all connections are to be reset.
    resets: watch::Sender<u64>,
    /// How many connections there were so far.
    connections: AtomicU64,
    rng: Mutex<StdRng>,
}

/// A proxy before one server. Chunks keep their order. Dropping it cuts all connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy that hands everything on at once; `seed` is that of its delays.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn before(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            ways: [watch::Sender::new(Traffic::default()), watch::Sender::new(Traffic::default())],
            ends: [watch::Sender::new(0), watch::Sender::new(0)],
            resets: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
        });
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&shared)));
        Proxy { address, shared, accepting }
    }

    /// The URL of the server behind it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// How long each chunk takes in each direction, in milliseconds.
    pub fn delay(&self, milliseconds: Range<u64>) {
        for way in &self.shared.ways {
            way.send_modify(|traffic| traffic.delay = milliseconds.clone());
        }
    }

    /// Keeps the bytes of one direction back, on all connections.
    pub fn hold(&self, way: Way) {
        self.way(way).send_modify(|traffic| traffic.held = u64::MAX);
    }

    /// As [`Proxy::hold`], on the connections that there are; new ones are not touched.
    pub fn hold_present(&self, way: Way) {
        let below = self.shared.connections.load(Ordering::SeqCst);
        self.way(way).send_modify(|traffic| traffic.held = below);
    }

    /// Delivers the bytes that are held back.
    pub fn release(&self, way: Way) {
        self.way(way).send_modify(|traffic| traffic.held = 0);
    }

    /// Gives the receivers of one direction the end of their streams, while the other direction stays open; new
    /// connections are not touched.
    pub fn half_close(&self, way: Way) {
        self.shared.ends[way as usize].send_modify(|count| *count += 1);
    }

    /// Cuts all connections; bytes that are held back are lost.
    pub fn reset(&self) {
        self.shared.resets.send_modify(|count| *count += 1);
    }

    fn way(&self, way: Way) -> &watch::Sender<Traffic> {
        &self.shared.ways[way as usize]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(upstream) = TcpStream::connect(server).await else { continue };
        let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
        let (client_reads, client_writes) = client.into_split();
        let (server_reads, server_writes) = upstream.into_split();
        let shared = Arc::clone(&shared);
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            let mut resets = shared.resets.subscribe();
            let both = async {
                tokio::join!(
                    pump(&shared, number, Way::ToServer, client_reads, server_writes),
                    pump(&shared, number, Way::ToClient, server_reads, client_writes),
                )
            };
            tokio::select! {
                _ = both => {}
                _ = resets.changed() => {}
            }
        });
    }
}

/// Hands one direction on until it ends.
async fn pump(shared: &Shared, number: u64, way: Way, reads: OwnedReadHalf, writes: OwnedWriteHalf) {
    let (chunks, waiting) = mpsc::channel(1024);
    tokio::join!(take(shared, way, reads, chunks), give(shared, number, way, waiting, writes));
}

/// Reads chunks, and says when each is due.
async fn take(shared: &Shared, way: Way, mut reads: OwnedReadHalf, chunks: mpsc::Sender<(Instant, Vec<u8>)>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = reads.read(&mut buffer).await {
        let delay = shared.ways[way as usize].borrow().delay.clone();
        let milliseconds = if delay.is_empty() {
            0
        } else {
            shared.rng.lock().expect("no panic under the lock").random_range(delay)
        };
        let due = Instant::now() + Duration::from_millis(milliseconds);
        if chunks.send((due, buffer[..length].to_vec())).await.is_err() {
            return;
        }
    }
}

/// Writes chunks when they are due and not held.
async fn give(
    shared: &Shared,
    number: u64,
    way: Way,
    mut chunks: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut writes: OwnedWriteHalf,
) {
    let mut traffic = shared.ways[way as usize].subscribe();
    let mut ends = shared.ends[way as usize].subscribe();
    loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            _ = ends.changed() => None,
        };
        let Some((due, bytes)) = chunk else { break };
        sleep_until(due).await;
        if traffic.wait_for(|traffic| traffic.held <= number).await.is_err()
            || writes.write_all(&bytes).await.is_err()
        {
            return;
        }
    }
    let _ = writes.shutdown().await;
    // The other direction goes on; what still comes this way is dropped.
    while chunks.recv().await.is_some() {}
}
