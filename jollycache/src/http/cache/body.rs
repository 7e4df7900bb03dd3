//! `ResponseBody`: the body of the layer's responses; and `collect`, which buffers the service's.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::clock;

pin_project! {
    /// The body of a response: from the cache, streamed from the service, or streamed from the service after its
    /// beginning was buffered and turned out not to be storable.
    pub struct ResponseBody<R: Body> {
        #[pin]
        source: Source<R>,
    }
}

pin_project! {
    #[project = Projected]
    enum Source<R: Body> {
        Complete { bytes: Option<Bytes> },
        Streaming { #[pin] body: R },
        Resumed { frames: VecDeque<Frame<Bytes>>, end: End<R> },
    }
}

/// What follows the buffered frames.
enum End<R: Body> {
    Rest(Pin<Box<R>>),
    Failed(Option<R::Error>),
}

impl<R: Body> ResponseBody<R> {
    pub(super) fn complete(bytes: Bytes) -> Self {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        ResponseBody { source: Source::Complete { bytes } }
    }

    pub(super) fn streaming(body: R) -> Self {
        ResponseBody { source: Source::Streaming { body } }
    }

    fn resumed(frames: VecDeque<Frame<Bytes>>, end: End<R>) -> Self {
        ResponseBody { source: Source::Resumed { frames, end } }
    }
}

impl<R: Body<Data = Bytes>> Body for ResponseBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().source.project() {
            Projected::Complete { bytes } => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Projected::Streaming { body } => body.poll_frame(cx),
            Projected::Resumed { frames, end } => match (frames.pop_front(), end) {
                (Some(frame), _) => Poll::Ready(Some(Ok(frame))),
                (None, End::Rest(body)) => body.as_mut().poll_frame(cx),
                (None, End::Failed(error)) => Poll::Ready(error.take().map(Err)),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Complete { bytes } => bytes.is_none(),
            Source::Streaming { body } => body.is_end_stream(),
            Source::Resumed { frames, end } => {
                frames.is_empty()
                    && match end {
                        End::Rest(body) => body.is_end_stream(),
                        End::Failed(error) => error.is_none(),
                    }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Complete { bytes } => SizeHint::with_exact(length(bytes.as_ref())),
            Source::Streaming { body } => body.size_hint(),
            Source::Resumed { frames, end: End::Rest(body) } => {
                let read: u64 = frames.iter().map(|frame| length(frame.data_ref())).sum();
                let rest = body.size_hint();
                let mut hint = SizeHint::new();
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(read));
                }
                hint.set_lower(rest.lower().saturating_add(read));
                hint
            }
            Source::Resumed { .. } => SizeHint::new(),
        }
    }
}

impl<R: Body> fmt::Debug for ResponseBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

fn length(bytes: Option<&Bytes>) -> u64 {
    bytes.map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

/// The result of [`collect`].
pub(super) enum Collected<R: Body> {
    Complete(Bytes),
    /// The body has trailers, or was not buffered to its end; it streams on to the client.
    Incomplete(ResponseBody<R>, Incomplete),
}

/// Why a body was not buffered completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Incomplete {
    TooLarge,
    TooSlow,
    Trailers,
    Failed,
}

/// Buffers a body of at most `limit` bytes whose frames arrive within `frame_timeout` each and `total_timeout` in all.
///
/// # Cancel safety
/// Dropping the future drops the body with what was buffered.
pub(super) async fn collect<R: Body<Data = Bytes>>(
    body: R,
    limit: usize,
    frame_timeout: Duration,
    total_timeout: Duration,
) -> Collected<R> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit {
        return Collected::Incomplete(ResponseBody::streaming(body), Incomplete::TooLarge);
    }
    let (mut body, mut frames, mut read) = (Box::pin(body), VecDeque::new(), 0);
    let deadline = clock::now() + total_timeout;
    loop {
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx));
        let frame_timeout = frame_timeout.min(deadline.saturating_duration_since(clock::now()));
        let why = match tokio::time::timeout(frame_timeout, frame).await {
            Err(_) => Incomplete::TooSlow,
            Ok(None) => return Collected::Complete(join(frames)),
            Ok(Some(Err(error))) => {
                let end = End::Failed(Some(error));
                return Collected::Incomplete(ResponseBody::resumed(frames, end), Incomplete::Failed);
            }
            Ok(Some(Ok(frame))) => {
                let is_data = frame.is_data();
                let more = length(frame.data_ref());
                read += more;
                if !is_data || more > 0 {
                    frames.push_back(frame);
                }
                match () {
                    () if !is_data => Incomplete::Trailers,
                    () if read > limit => Incomplete::TooLarge,
                    () => continue,
                }
            }
        };
        return Collected::Incomplete(ResponseBody::resumed(frames, End::Rest(body)), why);
    }
}

fn join(frames: VecDeque<Frame<Bytes>>) -> Bytes {
    let mut parts = frames.into_iter().filter_map(|frame| frame.into_data().ok());
    let Some(first) = parts.next() else { return Bytes::new() };
    let Some(second) = parts.next() else { return first };
    let mut joined = BytesMut::from(first);
    joined.extend_from_slice(&second);
    parts.for_each(|part| joined.extend_from_slice(&part));
    joined.freeze()
}
