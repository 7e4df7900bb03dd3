//! One tag's slot and its transitions.

use std::time::Duration;

use super::Holder;
use crate::clock::{Millis, as_millis};
use crate::entry::Token;

/// The most writers that a closed tag lists. One more replaces the one that ends first, and the tag
/// stays closed until that end. The Redis scripts have the same number.
const MAX_TAG_WRITERS: usize = 4096;

/// What a store holds under one tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TagSlot {
    /// The id that valid entries carry.
    Id(Token),
    /// The tag has no id, and no entry that carries it is valid.
    Closed {
        /// The writers that keep it closed, each until its own end.
        writers: Vec<Holder>,
        /// Until when it stays closed, also after the last of them has ended.
        grace_until: Millis,
    },
}

/// A tag that no entry carries.
impl Default for TagSlot {
    fn default() -> Self {
        TagSlot::Closed { writers: Vec::new(), grace_until: 0 }
    }
}

impl TagSlot {
    /// The id, if there is one.
    pub fn id(&self) -> Option<Token> {
        match self {
            TagSlot::Id(id) => Some(*id),
            TagSlot::Closed { .. } => None,
        }
    }

    /// Whether the tag must not get an id.
    pub fn is_closed(&self, now: Millis) -> bool {
        match self {
            TagSlot::Id(_) => false,
            TagSlot::Closed { writers, grace_until } => {
                *grace_until > now || writers.iter().any(|writer| writer.until > now)
            }
        }
    }

    /// Whether the slot can be deleted: without an id, every entry that carries the tag is invalid, and the next load creates one.
    pub fn is_vacant(&self, now: Millis) -> bool {
        self.id().is_none() && !self.is_closed(now)
    }

    /// A load needs an id: the one that there is, or else `fresh`. A closed tag does not keep it, so that every entry that is
    /// stored meanwhile is invalid. Returns the id.
    #[must_use]
    pub fn ensure_id(self, now: Millis, fresh: Token) -> (Self, Token) {
        match self {
            TagSlot::Id(id) => (self, id),
            TagSlot::Closed { .. } if self.is_closed(now) => (self, fresh),
            TagSlot::Closed { .. } => (TagSlot::Id(fresh), fresh),
        }
    }

    /// An invalidation that replaces the id, if there is one. Returns the replaced id.
    #[must_use]
    pub fn rotate(self, fresh: Token) -> (Self, Option<Token>) {
        match self {
            TagSlot::Id(replaced) => (TagSlot::Id(fresh), Some(replaced)),
            TagSlot::Closed { .. } => (self, None),
        }
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

    /// The writer `token` opens it. The last one leaves the tag without an id, unless a grace keeps it closed. A writer that
    /// has ended by itself, or opens a second time, does not open what another one keeps closed.
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
