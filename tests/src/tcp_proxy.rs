//! `TcpProxy`: a line to a server that can go dead without being closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

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
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let [muted, accepted, resets] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(accept(listener, server_port, [&muted, &accepted, &resets].map(Arc::clone)));
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

async fn accept(listener: TcpListener, port: u16, counts: [Arc<AtomicUsize>; 3]) {
    let [muted, accepted, resets] = counts;
    while let Ok((inbound, _)) = listener.accept().await {
        let Ok(outbound) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        let number = accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let (from_client, to_client) = inbound.into_split();
        let (from_server, to_server) = outbound.into_split();
        let (upstream_muted, resets) = (Arc::clone(&muted), Arc::clone(&resets));
        tokio::spawn(async move {
            if pass(from_client, to_server, number, upstream_muted).await.is_err() {
                resets.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::spawn(pass(from_server, to_client, number, Arc::clone(&muted)));
    }
}

/// Fails when the sender does not close its side but breaks off.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    muted: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let is_muted = number <= muted.load(Ordering::SeqCst);
        if read == 0 || (!is_muted && to.write_all(&buffer[..read]).await.is_err()) {
            return Ok(());
        }
    }
}
