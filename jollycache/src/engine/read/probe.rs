//! Reading in two steps, for a caller that judges entries by rules of its own: first a probe, then, if its entry is not
//! usable, the way of a miss.

use super::found::{Found, Observed};
use super::load_guard::LoadPermission;
use super::reader::Reader;
use crate::entry::{Entry, Token};
use crate::error::{Error, Result};

/// The result of reading an entry without loading it.
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

impl Reader<'_> {
    /// Reads without loading. [`Reader::continue_after_probe`] goes on from here.
    pub(crate) async fn probe(self) -> Probe {
        if self.lookup.undelivered.is_of_key() {
            return Probe { entry: None, outcome: Outcome::Covered };
        }
        match self.fetch().await {
            Ok((entry, tag_ids)) => Probe { entry, outcome: Outcome::Observed(tag_ids) },
            Err(error) => Probe { entry: None, outcome: Outcome::Broken(error) },
        }
    }

    /// Continues after a probe whose entry, if there is one, is past its ttl; or, with `replaces`, whatever it is.
    pub(crate) async fn continue_after_probe(self, probe: Probe, replaces: bool) -> Result<Found> {
        match probe.outcome {
            Outcome::Observed(tag_ids) => {
                let stale = probe.entry.filter(|_| !replaces);
                Box::pin(self.miss(Observed { tag_ids, stale, unreadable: replaces })).await
            }
            Outcome::Covered => Ok(Box::pin(self.load_directly(LoadPermission::Bypass)).await),
            Outcome::Broken(error) => Box::pin(self.broken(error)).await,
        }
    }
}
