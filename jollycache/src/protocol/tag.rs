//! One tag's slot and its transitions.

use std::time::Duration;

use super::Holder;
use crate::clock::{Millis, as_millis};
use crate::entry::Token;

/// The most writers that keep a tag closed by name. When one more comes, the one that ends first is named no more: the tag
/// stays closed until then. The Redis scripts have the same number.
const MAX_TAG_WRITERS: usize = 4096;

/// What is kept under one tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TagSlot {
    /// What entries carry while the tag's life lasts.
    Id(Token),
    /// The tag has no id, and nothing that carries it is valid.
    Closed {
        /// The writers that keep it so, each until its own end.
        writers: Vec<Holder>,
        /// Until when it stays closed, though they be gone.
        grace_until: Millis,
    },
}

/// Nothing: a tag that no entry carries.
impl Default for TagSlot {
    fn default() -> Self {
        TagSlot::Closed { writers: Vec::new(), grace_until: 0 }
    }
}

impl TagSlot {
    /// The id, where there is one.
    pub fn id(&self) -> Option<Token> {
        match self {
            TagSlot::Id(id) => Some(*id),
            TagSlot::Closed { .. } => None,
        }
    }

    /// Whether the tag may be given no id.
    pub fn is_closed(&self, now: Millis) -> bool {
        match self {
            TagSlot::Id(_) => false,
            TagSlot::Closed { writers, grace_until } => {
                *grace_until > now || writers.iter().any(|writer| writer.until > now)
            }
        }
    }

    /// Whether nothing needs to be kept: without an id, what carries the tag is invalid, and the next load makes a new one.
    pub fn is_vacant(&self, now: Millis) -> bool {
        self.id().is_none() && !self.is_closed(now)
    }

    /// An invalidation: the tag loses its id, and is closed for `grace`.
    #[must_use]
    pub fn evict(self, now: Millis, grace: Duration) -> Self {
        let (writers, grace_until) = self.closed(now);
        TagSlot::Closed { writers, grace_until: grace_until.max(end_of(grace, now)) }
    }

    /// The writer `token` closes it, for at most `ttl`.
    #[must_use]
    pub fn close(self, now: Millis, token: Token, ttl: Duration) -> Self {
        let (mut writers, mut grace_until) = self.closed(now);
        writers.retain(|writer| writer.token != token);
        writers.push(Holder { token, until: end_of(ttl, now) });
        if writers.len() > MAX_TAG_WRITERS
            && let Some(first) = (0..writers.len()).min_by_key(|&i| writers[i].until)
        {
            grace_until = grace_until.max(writers.remove(first).until);
        }
        TagSlot::Closed { writers, grace_until }
    }

    /// The writer `token` opens it; the last one's leaves nothing, unless a grace keeps it closed. A writer that has
    /// ended by itself, or comes a second time, opens nothing that another one keeps closed.
    #[must_use]
    pub fn open(self, now: Millis, token: Token, grace: Duration) -> Self {
        let (mut writers, grace_until) = self.closed(now);
        writers.retain(|writer| writer.token != token);
        TagSlot::Closed { writers, grace_until: grace_until.max(end_of(grace, now)) }
    }

    /// The writers that have not ended by themselves, and the end of the grace.
    fn closed(self, now: Millis) -> (Vec<Holder>, Millis) {
        match self {
            TagSlot::Closed { mut writers, grace_until } => {
                writers.retain(|writer| writer.until > now);
                (writers, grace_until)
            }
            TagSlot::Id(_) => (Vec::new(), 0),
        }
    }
}

fn end_of(time: Duration, now: Millis) -> Millis {
    now.saturating_add(as_millis(time))
}
