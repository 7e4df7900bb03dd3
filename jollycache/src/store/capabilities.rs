//! The operations beside those on entries: messages, locks, counters, rate limits, and inspection.
//! [`Backend`](crate::backend::Backend) documents each.

use std::time::Duration;

use bytes::Bytes;

use super::call::{Answer, Call};
#[cfg(feature = "admin")]
use crate::backend::Inspection;
use crate::backend::{Backend, BackendInfo, LockAnswer, ScanCursor, ScanPage, Subscription};
#[cfg(feature = "rate-limit")]
use crate::backend::{RateMode, RateRequest, RateVerdict};
use crate::entry::Token;
use crate::key::StoredKey;

impl<'s> Call<'s> {
    pub(crate) fn publish(self, channel: &'s StoredKey, message: Bytes) -> Answer<'s, ()> {
        self.send(move |backend| backend.publish(channel, message))
    }

    pub(crate) fn subscribe(self, channel: &'s StoredKey) -> Answer<'s, Subscription> {
        self.send(move |backend| backend.subscribe(channel))
    }

    pub(crate) fn lock(self, lock: &'s StoredKey, token: Token, ttl: Duration) -> Answer<'s, LockAnswer> {
        self.send(move |backend| backend.lock(lock, token, ttl))
    }

    pub(crate) fn extend_lock(self, lock: &'s StoredKey, token: Token, ttl: Duration) -> Answer<'s, bool> {
        self.send(move |backend| backend.extend_lock(lock, token, ttl))
    }

    pub(crate) fn unlock(self, lock: &'s StoredKey, token: Token) -> Answer<'s, bool> {
        self.send(move |backend| backend.unlock(lock, token))
    }

    pub(crate) fn add(self, counter: &'s StoredKey, delta: i64, ttl: Option<Duration>) -> Answer<'s, i64> {
        self.send(move |backend| backend.add(counter, delta, ttl))
    }

    #[cfg(feature = "rate-limit")]
    pub(crate) fn admit(
        self,
        requests: &'s [RateRequest<'s>],
        mode: RateMode,
    ) -> Answer<'s, Vec<RateVerdict>> {
        self.send(move |backend| backend.admit(requests, mode))
    }

    pub(crate) fn scan(
        self,
        glob: &'s str,
        cursor: Option<ScanCursor>,
        page_size: usize,
    ) -> Answer<'s, ScanPage> {
        self.send(move |backend| backend.scan(glob, cursor, page_size))
    }

    pub(crate) fn delete_raw(self, names: &'s [StoredKey]) -> Answer<'s, ()> {
        self.send(move |backend| backend.delete_raw(names))
    }

    #[cfg(feature = "admin")]
    pub(crate) fn inspect(self, key: &'s StoredKey) -> Answer<'s, Inspection> {
        self.send(move |backend| backend.inspect(key))
    }

    pub(crate) fn info(self) -> Answer<'s, BackendInfo> {
        self.send(Backend::info)
    }
}
