//! `Member`: a process that keeps values, and its right to serve them.

use std::time::{Duration, Instant};

use super::{
    EvictionScope, Expulsion, Generations, MAX_NEAR_LEASE, Position, RenewRequest, Renewed, Standing,
    USED_PERCENT,
};
use crate::entry::Token;

/// One process's part: its membership as it was last answered, and until when it may serve.
///
/// An announcement leaves the right alone: it is acknowledged after it evicted, so whatever is still kept is as new as
/// any acknowledged eviction requires.
#[derive(Debug, Clone)]
pub struct Member {
    id: Token,
    lease: Duration,
    incarnation: Option<Token>,
    /// The last announcement that was processed.
    position: Option<Position>,
    right_until: Option<Instant>,
    /// How many renewals were asked for.
    renewals: u64,
    /// The roster's epoch, and when this process first had an answer from it.
    epoch: Option<(Token, Instant)>,
}

/// A renewal under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// What the roster is asked.
    pub request: RenewRequest,
    /// Before it was sent: the roster answers later than this, so a right that is counted from here ends early.
    sent: Instant,
    number: u64,
}

impl Member {
    /// A process that has not joined. Its rights last for `lease`, at most [`MAX_NEAR_LEASE`].
    pub fn new(id: Token, lease: Duration) -> Self {
        Member {
            id,
            lease: lease.min(MAX_NEAR_LEASE),
            incarnation: None,
            position: None,
            right_until: None,
            renewals: 0,
            epoch: None,
        }
    }

    /// Whether what is kept may be served by a read that starts at `now`.
    pub fn may_serve(&self, now: Instant) -> bool {
        self.right_until.is_some_and(|until| now < until)
    }

    /// Begins a renewal, which is to be sent after `now`. `fresh` was never used before. An earlier renewal that is still
    /// under way counts no more.
    pub fn renew(&mut self, fresh: Token, now: Instant) -> Renewal {
        self.renewals = self.renewals.wrapping_add(1);
        let settles = self.epoch.filter(|(_, since)| *since + MAX_NEAR_LEASE <= now).map(|(epoch, _)| epoch);
        let request = RenewRequest {
            member: self.id,
            incarnation: self.incarnation,
            fresh,
            lease: self.lease,
            settles,
        };
        Renewal { request, sent: now, number: self.renewals }
    }

    /// The answer to a renewal. What may have been evicted without this process's notice is evicted before the right
    /// is prolonged.
    pub fn renewed(&mut self, renewal: Renewal, answer: Renewed, now: Instant, generations: &Generations) {
        if renewal.number != self.renewals {
            return;
        }
        if self.epoch.is_none_or(|(epoch, _)| epoch != answer.position.epoch) {
            self.epoch = Some((answer.position.epoch, now));
        }
        let is_up_to_date = self.position.is_some_and(|processed| processed.covers(answer.position));
        if answer.standing != Standing::Kept || !is_up_to_date {
            generations.evict(&EvictionScope::All);
            self.position = Some(answer.position);
        }
        self.incarnation = match answer.standing {
            Standing::Kept => self.incarnation,
            Standing::New => Some(renewal.request.fresh),
            Standing::Refused => None,
        };
        self.right_until = self.incarnation.map(|_| renewal.sent + self.lease * USED_PERCENT / 100);
    }

    /// An announcement came. When this returns it may be acknowledged. One that is not the next after the last may come
    /// after others that were lost, so everything is evicted.
    pub fn receive(&mut self, announcement: Position, scope: &EvictionScope, generations: &Generations) {
        let is_next = self.position.is_some_and(|last| announcement.follows(last));
        generations.evict(if is_next { scope } else { &EvictionScope::All });
        self.position = Some(announcement);
    }

    /// Gives up the right, and returns what ends the membership in the roster. What is kept is evicted when the process
    /// joins again.
    pub fn leave(&mut self) -> Option<Expulsion> {
        self.renewals = self.renewals.wrapping_add(1);
        self.right_until = None;
        let (incarnation, (epoch, _)) = (self.incarnation.take()?, self.epoch?);
        // After every renewal, since this process gave up all that they gave it.
        let announcement = Position { epoch, number: u64::MAX };
        Some(Expulsion { announcement, incarnations: vec![incarnation], settles: false })
    }

    /// Its membership, as last answered; the roster may have ended it since.
    pub fn incarnation(&self) -> Option<Token> {
        self.incarnation
    }

    /// The last announcement that it processed.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// When its right ends, unless it is renewed.
    pub fn right_until(&self) -> Option<Instant> {
        self.right_until
    }

    /// The roster's epoch, and when it was first answered from.
    pub fn epoch(&self) -> Option<(Token, Instant)> {
        self.epoch
    }
}
