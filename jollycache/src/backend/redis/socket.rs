//! `Socket`: a connection to the server that reports signs of life.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use redis::ConnectionAddr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::backend::Pulse;

/// A stream of bytes over TCP or a Unix socket.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream with a pulse. It beats when something arrives, and when a full buffer accepts bytes again, since the other
/// side has received some then. It does not beat for every byte written: a buffer accepts those for a frozen server, too.
pub(super) struct Socket {
    stream: Box<dyn Stream>,
    pulse: Arc<Pulse>,
    /// The last write found no room.
    is_full: bool,
}

impl Socket {
    /// Connects to `address`.
    pub(super) async fn connect(address: &ConnectionAddr, pulse: Arc<Pulse>) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match address {
            ConnectionAddr::Tcp(host, port) => Box::new(connect_tcp(host, *port).await?),
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Socket { stream, pulse, is_full: false })
    }
}

/// Without delay, because Nagle's algorithm would hold small commands back. Without linger, because an abandoned connection
/// must not deliver the rest of its buffer when the network recovers: an old write after newer ones.
async fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    stream.set_zero_linger()?;
    Ok(stream)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_pending() {
            self.pulse.idle(cx.waker());
        } else if buf.filled().len() > before {
            self.pulse.beat();
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if polled.is_ready() && self.is_full {
            self.pulse.beat();
        }
        self.is_full = polled.is_pending();
        if polled.is_ready() {
            self.pulse.sent();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
