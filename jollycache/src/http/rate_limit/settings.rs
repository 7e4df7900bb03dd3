//! `Settings`: the settings of a layer, applied to requests.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use super::headers;
use crate::key::Segment;
use crate::rate_limit::{Decision, Question, RateLimiter};

pub(super) type SubjectOf = Arc<dyn Fn(&Parts) -> Option<Segment> + Send + Sync>;
pub(super) type CostOf = Arc<dyn Fn(&Parts) -> u64 + Send + Sync>;
pub(super) type Refusal = Arc<dyn Fn(&Decision) -> Response<Bytes> + Send + Sync>;

/// The settings of a layer and its services.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) limiter: RateLimiter,
    /// The names of limits, which the limiter has, and their subjects.
    pub(super) subjects: Vec<(Arc<str>, SubjectOf)>,
    pub(super) cost: CostOf,
    pub(super) refusal: Refusal,
}

impl Settings {
    /// The check of a request; `None` if it is not counted.
    pub(super) fn question(&self, request: &Parts) -> Option<Question> {
        let cost = (self.cost)(request);
        if cost == 0 {
            return None;
        }
        let found = self.subjects.iter().filter_map(|(name, subject)| Some((name, subject(request)?)));
        let mut question = self.limiter.ask().cost(cost);
        for (name, subject) in found {
            // The layer checked the name when it was added.
            question = question.by(name, &subject).ok()?;
        }
        Some(question)
    }

    /// The response to a request that the limits refuse.
    pub(super) fn refuse(&self, decision: &Decision) -> Response<Bytes> {
        let mut response = (self.refusal)(decision);
        headers::append_limits(decision, response.headers_mut());
        headers::insert_refusal(decision, response.headers_mut());
        response
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.subjects.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings").field("limits", &names).finish_non_exhaustive()
    }
}
