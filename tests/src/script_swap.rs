//! `ScriptSwap`: a line to Redis on which calls of one script become calls of another.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes connections on to a Redis server, and replaces a script's hash by another's in all that is sent to it: so
/// a backend runs with a broken script without noticing. Ends on drop.
#[derive(Debug)]
pub struct ScriptSwap {
    port: u16,
    task: JoinHandle<()>,
}

impl ScriptSwap {
    /// Starts a line to a port of this machine.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(server_port: u16, hash: String, replacement: String) -> Self {
        assert_eq!(hash.len(), replacement.len(), "hashes are of one length");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                let Ok(outbound) = TcpStream::connect(("127.0.0.1", server_port)).await else {
                    continue;
                };
                let (from_client, to_client) = inbound.into_split();
                let (from_server, to_server) = outbound.into_split();
                tokio::spawn(pass(from_client, to_server, Some((hash.clone(), replacement.clone()))));
                tokio::spawn(pass(from_server, to_client, None));
            }
        });
        ScriptSwap { port, task }
    }

    /// The URL of the line.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for ScriptSwap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, swap: Option<(String, String)>) {
    let (mut buffer, mut held) = (vec![0; 16 * 1024], Vec::new());
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        held.extend_from_slice(&buffer[..read]);
        let mut kept = 0;
        if let Some((hash, replacement)) = &swap {
            replace(&mut held, hash.as_bytes(), replacement.as_bytes());
            kept = begun(&held, hash.as_bytes());
        }
        let ready: Vec<_> = held.drain(..held.len() - kept).collect();
        if to.write_all(&ready).await.is_err() {
            return;
        }
    }
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for start in 0..bytes.len().saturating_sub(from.len() - 1) {
        if bytes[start..].starts_with(from) {
            bytes[start..start + to.len()].copy_from_slice(to);
        }
    }
}

/// How many bytes at the end may be the beginning of `pattern`.
fn begun(bytes: &[u8], pattern: &[u8]) -> usize {
    (1..pattern.len()).rev().find(|length| bytes.ends_with(&pattern[..*length])).unwrap_or(0)
}
