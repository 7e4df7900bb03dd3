//! The operations on entries, tags and writes. [`Backend`](crate::backend::Backend) documents each.
//!
//! Each returns the future of [`Call::send`] and does not await it, so that a hit has one box and one state machine.

use std::time::Duration;

use super::call::{Answer, Call};
use crate::backend::{Backend, Filled, Lease, LeaseRequest, Read, Selection, Watch, WriteEnd};
use crate::entry::{Draft, Entry, RegionId, RunId, Token};
use crate::key::StoredKey;

/// Entries in the order of their keys, and the live ids of the tags.
type ReadMany = (Vec<Option<Entry>>, Vec<Option<Token>>);

impl<'s> Call<'s> {
    pub(crate) fn read(self, key: &'s StoredKey, tags: &'s [StoredKey]) -> Answer<'s, Read> {
        self.send(move |backend| backend.read(key, tags))
    }

    pub(crate) fn read_many(self, keys: &'s [StoredKey], tags: &'s [StoredKey]) -> Answer<'s, ReadMany> {
        self.send(move |backend| backend.read_many(keys, tags))
    }

    pub(crate) fn tag_ids(self, tags: &'s [StoredKey]) -> Answer<'s, Vec<Token>> {
        self.send(move |backend| backend.tag_ids(tags))
    }

    pub(crate) fn extend_tags(self, tags: &'s [StoredKey], lifetime: Duration) -> Answer<'s, ()> {
        self.send(move |backend| backend.extend_tags(tags, lifetime))
    }

    pub(crate) fn rotate_tag(self, tag: &'s StoredKey, fresh: Token) -> Answer<'s, Option<Token>> {
        self.send(move |backend| backend.rotate_tag(tag, fresh))
    }

    pub(crate) fn close_tags(self, tags: &'s [StoredKey], token: Token, ttl: Duration) -> Answer<'s, ()> {
        self.send(move |backend| backend.close_tags(tags, token, ttl))
    }

    pub(crate) fn open_tags(self, tags: &'s [StoredKey], token: Token, grace: Duration) -> Answer<'s, ()> {
        self.send(move |backend| backend.open_tags(tags, token, grace))
    }

    pub(crate) fn lease(self, request: LeaseRequest<'s>) -> Answer<'s, Lease> {
        self.send(move |backend| backend.lease(request))
    }

    pub(crate) fn take_lease(
        self,
        key: &'s StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Answer<'s, Option<Token>> {
        self.send(move |backend| backend.take_lease(key, region, token, ttl))
    }

    pub(crate) fn fill(
        self,
        key: &'s StoredKey,
        token: Token,
        draft: &'s Draft,
        tags: &'s [StoredKey],
    ) -> Answer<'s, Filled> {
        self.send(move |backend| backend.fill(key, token, draft, tags))
    }

    pub(crate) fn release(self, key: &'s StoredKey, token: Token) -> Answer<'s, bool> {
        self.send(move |backend| backend.release(key, token))
    }

    pub(crate) fn watch(self, key: &'s StoredKey) -> Answer<'s, Watch> {
        self.send(move |backend| backend.watch(key))
    }

    pub(crate) fn invalidate(
        self,
        keys: &'s [StoredKey],
        tags: &'s [StoredKey],
        grace: Duration,
    ) -> Answer<'s, u64> {
        self.send(move |backend| backend.invalidate(keys, tags, grace))
    }

    pub(crate) fn invalidate_matching(self, selection: Selection<'s>) -> Answer<'s, u64> {
        self.send(move |backend| backend.invalidate_matching(selection))
    }

    pub(crate) fn begin_write(
        self,
        key: &'s StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Answer<'s, ()> {
        self.send(move |backend| backend.begin_write(key, region, token, ttl))
    }

    pub(crate) fn end_write(self, key: &'s StoredKey, token: Token, end: WriteEnd<'s>) -> Answer<'s, bool> {
        self.send(move |backend| backend.end_write(key, token, end))
    }

    pub(crate) fn store_run(self) -> Answer<'s, RunId> {
        self.send(Backend::run)
    }

    pub(crate) fn ping(self) -> Answer<'s, ()> {
        self.send(Backend::ping)
    }
}
