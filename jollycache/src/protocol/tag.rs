//! One tag's slot and its transitions.

use std::time::Duration;

use crate::clock::{Millis, as_millis};
use crate::entry::Token;

/// What is kept under one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagSlot {
    /// What entries carry while the tag's life lasts.
    Id(Token),
    /// The tag has no id, and nothing that carries it is valid.
    Closed {
        /// How many writers keep it so.
        writers: u8,
        /// When the last of them ends by itself.
        until: Millis,
        /// Until when it stays closed, though they be gone.
        grace_until: Millis,
    },
}

/// Nothing: a tag that no entry carries.
impl Default for TagSlot {
    fn default() -> Self {
        TagSlot::Closed { writers: 0, until: 0, grace_until: 0 }
    }
}

impl TagSlot {
    /// The id, where there is one.
    pub fn id(self) -> Option<Token> {
        match self {
            TagSlot::Id(id) => Some(id),
            TagSlot::Closed { .. } => None,
        }
    }

    /// Whether the tag may be given no id.
    pub fn is_closed(self, now: Millis) -> bool {
        let (writers, until, grace_until) = self.closed(now);
        (writers > 0 && until > now) || grace_until > now
    }

    /// An invalidation: the tag gets the id `fresh`, unless a writer or a grace keeps it closed.
    #[must_use]
    pub fn rotate(self, now: Millis, grace: Duration, fresh: Token) -> Self {
        let (writers, until, grace_until) = self.closed(now);
        TagSlot::Closed { writers, until, grace_until: grace_until.max(end_of(grace, now)) }.or_id(now, fresh)
    }

    /// A writer closes it, for at most `ttl`.
    #[must_use]
    pub fn close(self, now: Millis, ttl: Duration) -> Self {
        let (writers, until, grace_until) = self.closed(now);
        TagSlot::Closed {
            writers: writers.saturating_add(1),
            until: until.max(end_of(ttl, now)),
            grace_until,
        }
    }

    /// A writer opens it; the last one's gives it the id `fresh`, unless a grace keeps it closed.
    #[must_use]
    pub fn open(self, now: Millis, grace: Duration, fresh: Token) -> Self {
        let (writers, until, grace_until) = self.closed(now);
        let grace_until = grace_until.max(end_of(grace, now));
        TagSlot::Closed { writers: writers.saturating_sub(1), until, grace_until }.or_id(now, fresh)
    }

    fn or_id(self, now: Millis, fresh: Token) -> Self {
        if self.is_closed(now) { self } else { TagSlot::Id(fresh) }
    }

    /// The writers that have not ended, when the last of them does, and the end of the grace.
    fn closed(self, now: Millis) -> (u8, Millis, Millis) {
        match self {
            TagSlot::Closed { writers, until, grace_until } if until > now && writers > 0 => {
                (writers, until, grace_until)
            }
            TagSlot::Closed { grace_until, .. } => (0, 0, grace_until),
            TagSlot::Id(_) => (0, 0, 0),
        }
    }
}

fn end_of(time: Duration, now: Millis) -> Millis {
    now.saturating_add(as_millis(time))
}
