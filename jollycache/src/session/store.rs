//! `Store`: operations on one session, with untyped data.

use std::time::Duration;

use super::id::{SessionHandle, SessionId};
use super::lifetime::Lifetime;
use super::record::{MAX_USER_BYTES, Record};
use super::sealed_store::{Change, Held, SealedStore};
use crate::cache::Invalidation;
use crate::clock::{self, Millis};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Tag};

/// Maximum attempts to rotate a session that changes meanwhile.
const MAX_ROTATIONS: usize = 8;
/// Lifetime of the note under the old id of a rotated session: longer than the attempts of the rotation.
const MOVED_TTL: Duration = Duration::from_secs(60);

/// The sessions of a service, with untyped data.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) records: SealedStore,
    pub(super) lifetime: Lifetime,
    pub(super) max_bytes: usize,
    pub(super) max_per_user: usize,
}

/// The record of a session that has not ended.
pub(super) struct Live {
    pub(super) record: Record,
    pub(super) expires: Millis,
    /// The stored text of the record.
    text: String,
    /// The remaining lifetime if this is a use.
    left: Duration,
}

/// The result of one attempt to rotate.
enum Rotation {
    Done(SessionId, Record, Millis),
    /// There is no such session.
    Gone,
    /// The session was changed meanwhile.
    Changed,
}

impl Store {
    pub(super) fn key(&self, handle: SessionHandle) -> Key {
        self.records.key("id", &handle.to_string())
    }

    /// The tag of all records of a user. Evicting it ends all sessions of the user.
    pub(super) fn tag(&self, user: &str) -> Tag {
        self.records.hashed_key("user", user).into()
    }

    /// The record of a session that begins now.
    pub(super) fn new_record(&self, user: &str, data: serde_json::Value) -> Result<Record> {
        if !(1..=MAX_USER_BYTES).contains(&user.len()) {
            let found = user.len();
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the user's name has {found} bytes: expected 1 to {MAX_USER_BYTES}"),
            ));
        }
        let created = clock::now_ms();
        let end = self.lifetime.end(created);
        Ok(Record { user: user.to_owned(), created, end, mark: rand::random(), data })
    }

    /// Stores a record under a new id. Returns the id and the idle end.
    pub(super) async fn put(&self, record: &Record) -> Result<(SessionId, Millis)> {
        let id = SessionId::random()?;
        let now = clock::now_ms();
        let left = self.lifetime.left(now, record.end).unwrap_or(Duration::from_millis(1));
        let text = record.text(self.max_bytes)?;
        self.records.put(&self.key(id.handle()), text, left, Some(self.tag(&record.user))).await?;
        Ok((id, now.saturating_add(clock::as_millis(left))))
    }

    pub(super) async fn find(&self, handle: SessionHandle) -> Result<Option<Live>> {
        let held = self.records.read(&self.key(handle)).await?;
        Ok(held.and_then(|held| self.live(held)))
    }

    pub(super) fn live(&self, held: Held) -> Option<Live> {
        let record = Record::read(&held.text)?;
        let left = self.lifetime.left(clock::now_ms(), record.end)?;
        Some(Live { record, expires: held.expires, text: held.text, left })
    }

    /// Whether a use now has to be stored by [`Store::touch`].
    pub(super) fn is_worth_a_touch(&self, live: &Live) -> bool {
        self.lifetime.is_worth_a_touch(clock::now_ms(), live.record.end, live.expires)
    }

    /// Restarts the idle lifetime. Returns its end, or `None` if the session is gone.
    pub(super) async fn touch(&self, handle: SessionHandle, live: &Live) -> Result<Option<Millis>> {
        let expires = clock::now_ms().saturating_add(clock::as_millis(live.left));
        Ok(self.records.extend(&self.key(handle), live.left).await?.then_some(expires))
    }

    /// Changes a live record, unless `change` returns `false`. Returns the record and its idle end.
    pub(super) async fn update(
        &self,
        handle: SessionHandle,
        mut change: impl FnMut(&mut Record) -> Result<bool>,
    ) -> Result<Option<(Record, Millis)>> {
        let mark = rand::random();
        let step = |text: Option<String>| {
            let now = clock::now_ms();
            let live = text.and_then(|text| self.live(Held { text, expires: now }));
            let Some(Live { mut record, left, .. }) = live else { return Ok(Change::Leave(None)) };
            let expires = now.saturating_add(clock::as_millis(left));
            if record.mark == mark {
                // The last attempt stored it, but its reply was lost.
                return Ok(Change::Leave(Some((record, expires))));
            }
            record.mark = mark;
            if !change(&mut record)? {
                return Ok(Change::Leave(None));
            }
            let text = record.text(self.max_bytes)?;
            Ok(Change::Store { text, ttl: left, outcome: Some((record, expires)) })
        };
        self.records.revise(&self.key(handle), &[], step).await
    }

    /// Replaces the id of a session. Returns the new id, the record and its idle end.
    pub(super) async fn rotate(&self, old: SessionHandle) -> Result<Option<(SessionId, Record, Millis)>> {
        for _ in 0..MAX_ROTATIONS {
            match self.try_rotate(old).await? {
                Rotation::Done(id, record, expires) => return Ok(Some((id, record, expires))),
                Rotation::Gone => return Ok(None),
                Rotation::Changed => {}
            }
        }
        let why = format!("the session changed during each of {MAX_ROTATIONS} attempts to rotate it");
        Err(Error::new(ErrorKind::Contended, why))
    }

    /// Stores a copy under a new id, which no client has yet, and then replaces the old record by a note of the new id,
    /// if it is still the one that was read. That compare-and-set is the moment of the rotation.
    async fn try_rotate(&self, old: SessionHandle) -> Result<Rotation> {
        let Some(Live { record, text, .. }) = self.find(old).await? else { return Ok(Rotation::Gone) };
        let (id, expires) = self.put(&record).await?;
        let moved = format!("moved:{}", id.handle());
        let replace = |found: Option<String>| {
            Ok(match found {
                Some(found) if found == text => {
                    Change::Store { text: moved.clone(), ttl: MOVED_TTL, outcome: true }
                }
                found => Change::Leave(found.as_deref() == Some(&*moved)),
            })
        };
        let replaced = self.records.revise(&self.key(old), &[], replace).await;
        if matches!(replaced, Ok(true)) {
            return Ok(Rotation::Done(id, record, expires));
        }
        // No client has the new id, so a copy that cannot be removed is unreachable, and expires.
        let _ = self.destroy(id.handle()).await;
        replaced.map(|_| Rotation::Changed)
    }

    pub(super) async fn destroy(&self, handle: SessionHandle) -> Result<()> {
        self.records.remove(Invalidation::new().key(self.key(handle))).await
    }
}
