//! Reading in two steps, for a caller that judges entries by rules of its own: first a look, then, if what it showed does
//! not do, the way a miss goes.

use std::sync::Arc;

use super::{Found, Lookup, Seen};
use crate::engine::Engine;
use crate::engine::ticket::Grant;
use crate::entry::{Entry, Token};
use crate::error::{Error, Result};

/// What a look at the backend showed to a caller that judges entries by rules of its own.
#[derive(Debug)]
pub(crate) struct Look {
    /// The entry, past its ttl or not, if none of its tags was invalidated.
    pub(crate) entry: Option<Entry>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Seen(Vec<Option<Token>>),
    /// An invalidation of the key waits to be delivered.
    Covered,
    Broken(Error),
}

impl Engine {
    /// Looks without loading. [`Engine::find_after`] goes on from here.
    pub(crate) async fn look_at(&self, lookup: &Lookup) -> Look {
        if lookup.undelivered.is_of_key() {
            return Look { entry: None, outcome: Outcome::Covered };
        }
        match self.look(lookup).await {
            Ok((entry, tag_ids)) => Look { entry, outcome: Outcome::Seen(tag_ids) },
            Err(error) => Look { entry: None, outcome: Outcome::Broken(error) },
        }
    }

    /// Goes on after a look whose entry, if there is one, is past its ttl; or, with `replaces`, whatever it is.
    pub(crate) async fn find_after(
        self: &Arc<Self>,
        lookup: &Lookup,
        look: Look,
        replaces: bool,
    ) -> Result<Found> {
        match look.outcome {
            Outcome::Seen(tag_ids) => {
                let stale = look.entry.filter(|_| !replaces);
                Box::pin(self.miss(lookup, Seen { tag_ids, stale, unreadable: replaces })).await
            }
            Outcome::Covered => Ok(Box::pin(self.load_directly(lookup, Grant::Bypass)).await),
            Outcome::Broken(error) => Box::pin(self.broken(lookup, error)).await,
        }
    }
}
