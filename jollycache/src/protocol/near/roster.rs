//! `Roster`: which processes may be serving what they keep. It is in the store, in one slot of the namespace.

use std::time::Duration;

use super::{Expulsion, MAX_MEMBERS, MAX_NEAR_LEASE, Position};
use crate::entry::{RunId, Token};

/// The members of a namespace, and the number of its last announcement.
///
/// Its operations are atomic. It has no time: what has ended by itself is reported by the process that waited for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Roster {
    run: RunId,
    epoch: Token,
    /// Whether every right from before this epoch has ended.
    settled: bool,
    number: u64,
    members: Vec<Membership>,
}

/// One process in the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The process.
    pub member: Token,
    /// Its membership, from when it joined to when it was expelled or the roster was lost.
    pub incarnation: Token,
    /// How long a right of it lasts.
    pub lease: Duration,
    /// The number of the last announcement when its right was last renewed.
    pub renewed: u64,
}

/// A process asks for the right to serve for one lease from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RenewRequest {
    /// The process.
    pub member: Token,
    /// The membership that it had last.
    pub incarnation: Option<Token>,
    /// A token never used before: its incarnation, if that is not in the roster; and the epoch, if there is no roster.
    pub fresh: Token,
    /// How long its right is to last, at most [`MAX_NEAR_LEASE`].
    pub lease: Duration,
    /// An epoch before which no right is left.
    pub settles: Option<Token>,
}

/// The answer to a [`RenewRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Renewed {
    /// What the process was found to be.
    pub standing: Standing,
    /// The last announcement.
    pub position: Position,
}

/// What a process was when it asked for the renewal of its right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Still a member: every announcement since it joined was published to it.
    Kept,
    /// No member, and one from now on, under the fresh token.
    New,
    /// No member, and there are too many to become one.
    Refused,
}

/// The answer to an announcement: the members that have to acknowledge it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Announced {
    /// The announcement.
    pub position: Position,
    /// The members at that time.
    pub members: Vec<Membership>,
    /// Whether every right from before this epoch has ended. If not, there may be members that the roster does not have.
    pub settled: bool,
}

impl Roster {
    /// A roster of which nothing earlier can have been lost.
    pub fn first(run: RunId, epoch: Token) -> Self {
        Roster { run, epoch, settled: true, number: 0, members: Vec::new() }
    }

    /// The roster as it counts in `run` of the store. One that is not there, or is of another run, is begun anew: what
    /// happened to it since it was written is unknown.
    #[must_use]
    pub fn in_run(stored: Option<Self>, run: RunId, fresh: Token) -> Self {
        stored
            .filter(|roster| roster.run == run)
            .unwrap_or_else(|| Roster { settled: false, ..Roster::first(run, fresh) })
    }

    /// A member renews its right, or a process joins.
    pub fn renew(&mut self, request: &RenewRequest) -> Renewed {
        self.settled |= request.settles == Some(self.epoch);
        let found = self.members.iter().position(|found| found.member == request.member);
        let kept = found.map(|i| self.members[i].incarnation).filter(|own| request.incarnation == Some(*own));
        let membership = Membership {
            member: request.member,
            incarnation: kept.unwrap_or(request.fresh),
            lease: request.lease.min(MAX_NEAR_LEASE),
            renewed: self.number,
        };
        let standing = match found {
            None if self.members.len() >= MAX_MEMBERS => Standing::Refused,
            None => {
                self.members.push(membership);
                Standing::New
            }
            Some(i) => {
                self.members[i] = membership;
                if kept.is_some() { Standing::Kept } else { Standing::New }
            }
        };
        Renewed { standing, position: self.position() }
    }

    /// Something was dropped from the store. To be published to all members in the same step, in the order of the
    /// numbers; `None` if no process can be serving what it keeps.
    pub fn announce(&mut self) -> Option<Announced> {
        if self.settled && self.members.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        let Roster { settled, .. } = *self;
        Some(Announced { position: self.position(), members: self.members.clone(), settled })
    }

    /// Members that did not acknowledge an announcement within their leases are waited for no more. One that has renewed
    /// its right since that announcement stays: it holds a right that has not ended. A member that leaves is expelled
    /// by itself.
    pub fn expel(&mut self, expulsion: &Expulsion) {
        if expulsion.announcement.epoch != self.epoch {
            return;
        }
        self.settled |= expulsion.settles;
        self.members.retain(|found| {
            let is_named = expulsion.incarnations.contains(&found.incarnation);
            !is_named || found.renewed >= expulsion.announcement.number
        });
    }

    /// The last announcement.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, number: self.number }
    }

    /// The members.
    pub fn members(&self) -> &[Membership] {
        &self.members
    }

    /// Whether every right from before its epoch has ended.
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}
