//! Reading in two steps, for a caller that judges entries by rules of its own: first a look, then, if what it showed does
//! not do, the way a miss goes.

use std::sync::Arc;

use super::found::{Found, Observed};
use super::load_guard::LoadPermission;
use super::lookup::Lookup;
use crate::engine::Engine;
use crate::entry::{Entry, Token};
use crate::error::{Error, Result};

/// What a look at the backend showed to a caller that judges entries by rules of its own.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The entry, past its ttl or not, if none of its tags was invalidated.
    pub(crate) entry: Option<Entry>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Observed(Vec<Option<Token>>),
    /// An invalidation of the key waits to be delivered.
    Covered,
    Broken(Error),
}

impl Engine {
    /// Looks without loading. [`Engine::continue_after_probe`] goes on from here.
    pub(crate) async fn probe(&self, lookup: &Lookup) -> Probe {
        if lookup.undelivered.is_of_key() {
            return Probe { entry: None, outcome: Outcome::Covered };
        }
        match self.fetch(lookup).await {
            Ok((entry, tag_ids)) => Probe { entry, outcome: Outcome::Observed(tag_ids) },
            Err(error) => Probe { entry: None, outcome: Outcome::Broken(error) },
        }
    }

    /// Goes on after a look whose entry, if there is one, is past its ttl; or, with `replaces`, whatever it is.
    pub(crate) async fn continue_after_probe(
        self: &Arc<Self>,
        lookup: &Lookup,
        look: Probe,
        replaces: bool,
    ) -> Result<Found> {
        match look.outcome {
            Outcome::Observed(tag_ids) => {
                let stale = look.entry.filter(|_| !replaces);
                Box::pin(self.miss(lookup, Observed { tag_ids, stale, unreadable: replaces })).await
            }
            Outcome::Covered => Ok(Box::pin(self.load_directly(lookup, LoadPermission::Bypass)).await),
            Outcome::Broken(error) => Box::pin(self.broken(lookup, error)).await,
        }
    }
}
