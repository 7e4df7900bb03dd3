//! `GET /events`: invalidations as they happen, and an overview each second, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::authorized::Authorized;
use super::reply::Failure;
use super::state::Shared;
use crate::cache::{Events, Notice};
use crate::clock;
use crate::event::InvalidationEvent;

/// The time between two overviews.
const PERIOD: Duration = Duration::from_secs(1);

/// The data of an event `invalidated`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct InvalidationView {
    /// When this process received it, in milliseconds since the Unix epoch.
    at_ms: u64,
    /// Whether this process invalidated.
    own: bool,
    #[serde(flatten)]
    event: InvalidationEvent,
}

/// The data of an event `missed`.
#[derive(Debug, Serialize)]
struct Missed {
    at_ms: u64,
    /// The number of lost events; `None` if it is unknown.
    count: Option<u64>,
}

/// Streams events until the client disconnects.
///
/// `overview` is sent each second, `invalidated` for each invalidation of a process that publishes events, and `missed`
/// when events were lost.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/events", tag = "cache", operation_id = "cache_events",
    responses(
        (status = 200, description = "Server-sent events `overview`, `invalidated` and `missed`",
            content_type = "text/event-stream", body = super::responses::ServerSentEvent),
        super::responses::Refused, super::responses::Crowded,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn events(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = shared.listeners.clone().try_acquire_owned().ok().filter(|_| !*shared.closed.borrow());
    let place = place.ok_or_else(|| {
        let message = "the maximum number of listeners is reached";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_listeners", message)
    })?;
    // Subscribed before the response, so that a client that has the response misses no event. A failure is retried.
    let events = shared.cache.events().await.ok();
    let listener = Listener {
        closed: shared.closed.subscribe(),
        missed: events.is_none(),
        events,
        due: clock::now(),
        shared,
        _place: place,
    };
    let stream = unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// The stream of one client. Dropping it frees the place.
struct Listener {
    shared: Arc<Shared>,
    events: Option<Events>,
    /// Whether events may have been lost since the last event `missed`.
    missed: bool,
    /// When the next overview is due.
    due: Instant,
    closed: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

enum Next {
    Closed,
    Due,
    Notice(Notice),
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.events.is_none() {
                self.events = self.shared.cache.events().await.ok();
            }
            if self.missed && self.events.is_some() {
                self.missed = false;
                return missed(None);
            }
            let event = match self.wait().await {
                Next::Closed => return None,
                Next::Due => self.overview().await,
                Next::Notice(Notice::Invalidated(event)) => self.invalidated(event),
                Next::Notice(Notice::Missed(count)) => missed(count),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    async fn wait(&mut self) -> Next {
        let left = self.due.saturating_duration_since(clock::now());
        let events = self.events.as_mut();
        let notice = async {
            match events {
                Some(events) => events.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.closed.wait_for(|closed| *closed) => Next::Closed,
            notice = notice => Next::Notice(notice),
            () = clock::sleep(left) => Next::Due,
        }
    }

    async fn overview(&mut self) -> Option<Event> {
        self.due = clock::now() + PERIOD;
        event("overview", &*self.shared.overview().await)
    }

    fn invalidated(&self, event: InvalidationEvent) -> Option<Event> {
        let own = event.origin == self.shared.cache.origin();
        self::event("invalidated", &InvalidationView { at_ms: clock::now_ms(), own, event })
    }
}

fn missed(count: Option<u64>) -> Option<Event> {
    event("missed", &Missed { at_ms: clock::now_ms(), count })
}

/// `None` for data without a form in JSON; no event has such data.
fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
