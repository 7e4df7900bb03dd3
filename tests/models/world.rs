//! What the models share: the source, the store's side (which is the code's own [`Slot`]), and the environment.
//!
//! Time stands still at [`NOW`]; a deadline passes as a step of the environment, which is possible at any time. That
//! covers every order in which deadlines can pass, and more orders than clocks allow.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use jollycache::backend::state::{Holder, Slot};
use jollycache::backend::{Codec, Draft, Entry, Fingerprint, LeaseRequest, RegionId, TagStamp, Token};
use jollycache::key::StoredKey;

pub(crate) const NOW: u64 = 1_000_000;
pub(crate) const LIFETIME: Duration = Duration::from_secs(1);
pub(crate) const REGION: RegionId = RegionId(7);

static KEY: LazyLock<StoredKey> = LazyLock::new(|| StoredKey::found("models:key"));

/// The source of truth: one row, whose versions count up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Source {
    /// The version that a load sees.
    pub(crate) committed: u8,
    /// The newest version whose invalidation was acknowledged.
    pub(crate) acked: u8,
    /// A read returned an older version than was acknowledged before it started.
    pub(crate) read_too_old: bool,
}

impl Source {
    /// Writes the next version.
    pub(crate) fn commit(&mut self) -> u8 {
        self.committed += 1;
        self.committed
    }

    pub(crate) fn acknowledge(&mut self, version: u8) {
        self.acked = self.acked.max(version);
    }

    /// A read that needs `need` or newer returns `version`.
    pub(crate) fn serve(&mut self, need: u8, version: u8) {
        self.read_too_old |= version < need;
    }

    /// C1, over the reads so far.
    pub(crate) fn violation(self) -> Option<&'static str> {
        self.read_too_old.then_some("a read returned a version older than one acknowledged before it started")
    }

    /// C1; and when no write is under way, that no older value is stored.
    pub(crate) fn violation_in(self, slot: &Slot, is_written: bool) -> Option<&'static str> {
        let is_older = stored(slot).is_some_and(|version| version != self.committed);
        self.violation().or((is_written && is_older).then_some("an older value is left"))
    }
}

pub(crate) fn token(number: u8) -> Token {
    Token([number; 16])
}

pub(crate) fn draft(version: u8, tags: Vec<TagStamp>) -> Draft {
    const VERSIONS: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7];
    let version = usize::from(version);
    let payload = Bytes::from_static(&VERSIONS[version..=version]);
    let mut draft = Draft::new(REGION, Codec::Json, Fingerprint(1), LIFETIME, payload);
    draft.tags = tags;
    draft.stale = LIFETIME;
    draft
}

/// The same, with the source's version on it.
pub(crate) fn versioned(version: u8) -> Draft {
    let mut draft = draft(version, Vec::new());
    draft.version = Some(version.into());
    draft
}

pub(crate) fn request(token: Token, live_tags: &[TagStamp]) -> LeaseRequest<'_> {
    let mut request = LeaseRequest::new(&KEY, REGION, token, LIFETIME);
    request.live_tags = live_tags;
    request
}

pub(crate) fn version_of(entry: &Entry) -> u8 {
    entry.payload[0]
}

/// The version that the slot's value has.
pub(crate) fn stored(slot: &Slot) -> Option<u8> {
    slot.entry().map(version_of)
}

/// Whether a write intent is there.
pub(crate) fn has_intent(slot: &Slot) -> bool {
    matches!(slot, Slot::Intent { .. })
}

/// The steps of the environment on a slot, except the end of an intent.
pub(crate) fn befalls(slot: &Slot) -> impl Iterator<Item = (&'static str, Slot)> {
    let evicted =
        (*slot != Slot::default() && !has_intent(slot)).then(|| ("evicts the key", Slot::default()));
    let lease_ends = match slot {
        Slot::Leased { holder: Holder { until, .. }, .. }
        | Slot::Filled { lease: Some(Holder { until, .. }), .. } => Some(("ends the lease", *until)),
        _ => None,
    }
    .map(|(what, until)| (what, without_lease(slot, until)));
    let stale = match slot {
        Slot::Filled { entry, .. } if entry.is_fresh(NOW) => Some(("lets the value go stale", aged(slot))),
        _ => None,
    };
    [evicted, lease_ends, stale].into_iter().flatten()
}

/// The slot when the lease's deadline has come. The value keeps its own deadlines, which are the environment's too.
fn without_lease(slot: &Slot, until: u64) -> Slot {
    match slot.clone().at(until) {
        gone if slot.entry().is_none() => gone,
        _ => {
            let mut slot = slot.clone();
            if let Slot::Filled { lease, .. } = &mut slot {
                *lease = None;
            }
            slot
        }
    }
}

fn aged(slot: &Slot) -> Slot {
    let mut slot = slot.clone();
    if let Slot::Filled { entry, .. } = &mut slot {
        entry.fresh_until = NOW;
    }
    slot
}

/// The slot when its intent's deadline has come, if it has one.
pub(crate) fn intent_ended(slot: &Slot) -> Option<Slot> {
    has_intent(slot).then(|| slot.clone().at(slot.expires()))
}

/// Stores a value whatever is there, in one step: what no backend offers, since it cannot be fenced.
pub(crate) fn store_unfenced(slot: Slot, draft: &Draft) -> (Slot, bool) {
    let (slot, lease) = slot.take_lease(NOW, REGION, token(u8::MAX), LIFETIME);
    match lease {
        Some(token) => slot.fill(NOW, token, draft),
        None => (slot, false),
    }
}

/// Runs a transition on a slot in place.
pub(crate) fn apply<T>(slot: &mut Slot, transition: impl FnOnce(Slot) -> (Slot, T)) -> T {
    let (next, answer) = transition(std::mem::take(slot));
    *slot = next;
    answer
}

/// A rule of the protocol, to be taken out of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A fill compares the token.
    FillComparesToken,
    /// An invalidation drops the lease as well as the value.
    InvalidationDropsLease,
    /// A sweep drops leases as well as values.
    SweepDropsLeases,
    /// A stale value is refreshed under the lease.
    RefreshUnderLease,
    /// Two writers at once poison each other.
    Poison,
    /// An invalidation under an intent poisons it.
    InvalidationPoisons,
    /// A write whose intent is gone stores nothing and drops what is there.
    EndAfterDeadlineDrops,
    /// A write ends its own announcement and no other's.
    EndNamesItsWriter,
    /// An intent ends by itself.
    IntentEnds,
    /// A writer announces itself before the source is written.
    IntentBeforeCommit,
    /// A put under a key known late compares the id of all writes.
    LatePutComparesWrites,
    /// A change of the id of all writes by a put's own body names the id that it replaced.
    OwnWriteNamesReplaced,
    /// A put publishes itself before it releases its key.
    PublishBeforeEnd,
    /// A value of an older version is refused.
    OlderVersionIsRefused,
    /// An invalidation keeps fills out for as long as the replica may lag.
    Grace,
    /// A tag's id is unique.
    UniqueTagId,
    /// The tags' ids are read before the load.
    SnapshotBeforeLoad,
    /// The entry is compared with every declared tag.
    EveryDeclaredTag,
    /// A tag without an id makes a miss.
    LostIdIsInvalid,
    /// Tags that only the entry carries are compared too.
    UndeclaredTags,
    /// A value of another run of the server is a miss.
    RunIsCompared,
    /// A lease or an intent of another run lets nothing be stored.
    LeaseOfItsRun,
    /// A flight is sealed before its fill.
    SealBeforeFill,
    /// Followers start again when the fill was refused.
    RetryOnRefusal,
    /// Followers start again when a tag changed during the load.
    RetryOnChangedTag,
    /// Followers start again when a lease given back was lost.
    RetryOnLostLease,
    /// A flight without a lease is sealed before its load.
    SealUnleasedBeforeLoad,
    /// A caller with a pending invalidation joins no flight under a lease.
    PendingHasItsOwnFlight,
    /// A hit is not shared through the flight.
    HitIsNotShared,
    /// A leader that is gone leaves the flight to its followers.
    GoneLeaderTellsFollowers,
}
