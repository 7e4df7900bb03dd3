//! Operations on all sessions of a user: by the index that lists them, and the tag that ends them.

use std::time::Duration;

use super::id::{SessionHandle, SessionId};
use super::index::{Member, Members};
use super::record::Record;
use super::sealed_store::Change;
use super::store::{Live, Store};
use crate::backend::ScanCursor;
use crate::cache::Invalidation;
use crate::clock::{self, Millis};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Pattern};

/// Maximum attempts to add a session to an index that other requests fill.
const MAX_ROUNDS: usize = 16;
/// The keys per page of [`Store::count_all`].
const COUNT_PAGE: usize = 500;

impl Store {
    fn index_key(&self, user: &str) -> Key {
        self.records.hashed_key("user", user)
    }

    /// Stores a new session and adds it to its user's index. Returns its id and its idle end.
    pub(super) async fn create(&self, record: &Record) -> Result<(SessionId, Millis)> {
        let (id, expires) = self.put(record).await?;
        let member = Member { handle: id.handle(), end: record.end };
        if let Err(error) = self.enroll(&record.user, member).await {
            // No client has the id, so a record that cannot be removed is unreachable, and expires.
            let _ = self.destroy(id.handle()).await;
            return Err(error);
        }
        Ok((id, expires))
    }

    /// Adds a session to the index. A full index is cleared of ended sessions; if there are none, the oldest is ended.
    async fn enroll(&self, user: &str, new: Member) -> Result<()> {
        let mut gone = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let full = self
                .revise_index(user, |members| {
                    let mut members = members.without(&gone);
                    let full = (!members.add(new, self.max_per_user)).then(|| members.handles());
                    (members, full)
                })
                .await?;
            let Some(full) = full else { return Ok(()) };
            gone = self.make_room(full).await?;
        }
        let why = format!("a user's sessions were as many as allowed after {MAX_ROUNDS} attempts to add one");
        Err(Error::new(ErrorKind::Contended, why))
    }

    /// The ended sessions among `full`; if there are none, the oldest, which is ended.
    async fn make_room(&self, full: Vec<SessionHandle>) -> Result<Vec<SessionHandle>> {
        let found = self.find_many(&full).await?;
        let over = full.iter().zip(&found).filter(|(_, live)| live.is_none());
        let over: Vec<_> = over.map(|(handle, _)| *handle).collect();
        let Some(oldest) = full.first().filter(|_| over.is_empty()) else { return Ok(over) };
        self.destroy(*oldest).await?;
        Ok(vec![*oldest])
    }

    /// Replaces `old` by `new` in the index. No session depends on the index, so a failure is only logged.
    pub(super) async fn relist(&self, record: &Record, old: SessionHandle, new: SessionHandle) {
        let member = Member { handle: new, end: record.end };
        let replaced = self.revise_index(&record.user, |mut members| {
            members.replace(old, member);
            (members, None::<()>)
        });
        if let Err(error) = replaced.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a rotated session is not listed among its user's");
        }
    }

    /// Replaces the index by the result of `change`, which gets the members whose absolute end has not come. If `change`
    /// returns an outcome, the index stays as it is.
    async fn revise_index<T>(
        &self,
        user: &str,
        mut change: impl FnMut(Members) -> (Members, Option<T>),
    ) -> Result<Option<T>> {
        let tags = [self.tag(user)];
        let step = |text: Option<String>| {
            let now = clock::now_ms();
            let (members, outcome) = change(Members::read(text.as_deref()).at(now));
            if outcome.is_some() {
                return Ok(Change::Leave(outcome));
            }
            let ttl = Duration::from_millis(members.end().saturating_sub(now).max(1));
            Ok(Change::Store { text: members.text()?, ttl, outcome: None })
        };
        self.records.revise(&self.index_key(user), &tags, step).await
    }

    /// A user's live sessions, the oldest first.
    pub(super) async fn list(&self, user: &str) -> Result<Vec<(SessionHandle, Live)>> {
        let held = self.records.read(&self.index_key(user)).await?;
        let handles = Members::read(held.as_ref().map(|held| held.text.as_str())).handles();
        let found = self.find_many(&handles).await?;
        let live = handles.into_iter().zip(found).filter_map(|(handle, live)| Some((handle, live?)));
        Ok(live.filter(|(_, live)| live.record.user == user).collect())
    }

    async fn find_many(&self, handles: &[SessionHandle]) -> Result<Vec<Option<Live>>> {
        let keys: Vec<_> = handles.iter().map(|handle| self.key(*handle)).collect();
        let held = self.records.read_many(&keys).await?;
        Ok(held.into_iter().map(|held| self.live(held?)).collect())
    }

    pub(super) async fn destroy_all(&self, user: &str) -> Result<()> {
        self.records.remove(Invalidation::new().tag(self.tag(user))).await
    }

    /// The number of live sessions, by a scan.
    pub(super) async fn count_all(&self) -> Result<u64> {
        let pattern = Pattern::from(self.records.pattern("id"));
        let mut cursor: Option<ScanCursor> = None;
        let mut count = 0;
        loop {
            let mut page = self.records.cache().scan(&pattern, cursor, COUNT_PAGE).await?;
            page.keys.sort_unstable();
            page.keys.dedup();
            let keys: Vec<Key> = page.keys.into_iter().map(Key::from).collect();
            let held = self.records.read_many(&keys).await?;
            count += held.into_iter().filter_map(|held| self.live(held?)).map(|_| 1).sum::<u64>();
            cursor = page.next;
            if cursor.is_none() {
                return Ok(count);
            }
        }
    }
}
