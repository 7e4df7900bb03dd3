//! `ResponseBody`: what comes out of the layer. And collecting what goes in.

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
    /// The body of a response: from the cache, from the service untouched, or from the service after its beginning
    /// was read to see whether it can be stored.
    pub struct ResponseBody<R: Body> {
        #[pin]
        source: Source<R>,
    }
}

pin_project! {
    #[project = Projected]
    enum Source<R: Body> {
        Whole { bytes: Option<Bytes> },
        Passed { #[pin] body: R },
        Begun { frames: VecDeque<Frame<Bytes>>, end: End<R> },
    }
}

/// What comes after the frames that were read.
enum End<R: Body> {
    Rest(Pin<Box<R>>),
    Failed(Option<R::Error>),
}

impl<R: Body> ResponseBody<R> {
    pub(super) fn whole(bytes: Bytes) -> Self {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        ResponseBody { source: Source::Whole { bytes } }
    }

    pub(super) fn passed(body: R) -> Self {
        ResponseBody { source: Source::Passed { body } }
    }

    fn begun(frames: VecDeque<Frame<Bytes>>, end: End<R>) -> Self {
        ResponseBody { source: Source::Begun { frames, end } }
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
            Projected::Whole { bytes } => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Projected::Passed { body } => body.poll_frame(cx),
            Projected::Begun { frames, end } => match (frames.pop_front(), end) {
                (Some(frame), _) => Poll::Ready(Some(Ok(frame))),
                (None, End::Rest(body)) => body.as_mut().poll_frame(cx),
                (None, End::Failed(error)) => Poll::Ready(error.take().map(Err)),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole { bytes } => bytes.is_none(),
            Source::Passed { body } => body.is_end_stream(),
            Source::Begun { frames, end } => {
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
            Source::Whole { bytes } => SizeHint::with_exact(length(bytes.as_ref())),
            Source::Passed { body } => body.size_hint(),
            Source::Begun { frames, end: End::Rest(body) } => {
                let read: u64 = frames.iter().map(|frame| length(frame.data_ref())).sum();
                let rest = body.size_hint();
                let mut hint = SizeHint::new();
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(read));
                }
                hint.set_lower(rest.lower().saturating_add(read));
                hint
            }
            Source::Begun { .. } => SizeHint::new(),
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

/// A body that was read, as far as it went.
pub(super) enum Collected<R: Body> {
    /// To its end.
    Whole(Bytes),
    /// Not to its end, or it has trailers: it goes on to the client.
    Partly(ResponseBody<R>, Unfinished),
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfinished {
    TooLarge,
    TooSlow,
    Trailers,
    Failed,
}

/// Reads a body of at most `limit` bytes, each frame of which comes within `patience`, and all of them within `whole`. Cancel safe only in that
/// nothing is kept.
pub(super) async fn collect<R: Body<Data = Bytes>>(
    body: R,
    limit: usize,
    patience: Duration,
    whole: Duration,
) -> Collected<R> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit {
        return Collected::Partly(ResponseBody::passed(body), Unfinished::TooLarge);
    }
    let (mut body, mut frames, mut read) = (Box::pin(body), VecDeque::new(), 0);
    let until = clock::now() + whole;
    loop {
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx));
        let patience = patience.min(until.saturating_duration_since(clock::now()));
        let why = match tokio::time::timeout(patience, frame).await {
            Err(_) => Unfinished::TooSlow,
            Ok(None) => return Collected::Whole(join(frames)),
            Ok(Some(Err(error))) => {
                let end = End::Failed(Some(error));
                return Collected::Partly(ResponseBody::begun(frames, end), Unfinished::Failed);
            }
            Ok(Some(Ok(frame))) => {
                let is_data = frame.is_data();
                let more = length(frame.data_ref());
                read += more;
                if !is_data || more > 0 {
                    frames.push_back(frame);
                }
                match () {
                    () if !is_data => Unfinished::Trailers,
                    () if read > limit => Unfinished::TooLarge,
                    () => continue,
                }
            }
        };
        return Collected::Partly(ResponseBody::begun(frames, End::Rest(body)), why);
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
