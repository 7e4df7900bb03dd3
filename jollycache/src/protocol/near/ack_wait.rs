//! `AckWait`: how long an eviction waits for the members.

use std::time::{Duration, Instant};

use super::{Announced, MAX_NEAR_LEASE, Membership, Position};
use crate::entry::Token;

/// The members that have not acknowledged one announcement, and until when they are waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AckWait {
    announcement: Position,
    /// When the announcement was certainly made: every right that was renewed before it ends a lease after this.
    since: Instant,
    missing: Vec<Membership>,
    settled: bool,
}

/// What became of the rights from before an announcement when they had been waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expulsion {
    /// The announcement.
    pub announcement: Position,
    /// The members that did not acknowledge it.
    pub incarnations: Vec<Token>,
    /// Whether every right from before the announcement's epoch has ended, too.
    pub settles: bool,
}

impl AckWait {
    /// The announcement's answer came at `now`. Members whose acknowledgements came before it are `early`.
    pub fn new(announced: Announced, early: &[Token], now: Instant) -> Self {
        let Announced { position, mut members, settled } = announced;
        members.retain(|membership| !early.contains(&membership.member));
        AckWait { announcement: position, since: now, missing: members, settled }
    }

    /// A member has processed the announcement. It need not be of the incarnation that was announced to: what it keeps
    /// and the reads that it has under way are as good.
    pub fn acknowledge(&mut self, member: Token) {
        self.missing.retain(|missing| missing.member != member);
    }

    /// When the last right that is in the way will have ended; `None` when none is.
    pub fn ends(&self) -> Option<Instant> {
        let unknown = (!self.settled).then_some(MAX_NEAR_LEASE);
        let leases = self.missing.iter().map(|missing| missing.lease);
        leases.chain(unknown).max().map(|lease: Duration| self.since + lease)
    }

    /// Whether the eviction holds for the reads of all processes.
    pub fn is_over(&self, now: Instant) -> bool {
        self.ends().is_none_or(|ends| ends <= now)
    }

    /// The report for the roster once the wait is over; `None` if every member acknowledged.
    pub fn expulsion(&self) -> Option<Expulsion> {
        let incarnations: Vec<_> = self.missing.iter().map(|missing| missing.incarnation).collect();
        let settles = !self.settled;
        (settles || !incarnations.is_empty()).then_some(Expulsion {
            announcement: self.announcement,
            incarnations,
            settles,
        })
    }
}
