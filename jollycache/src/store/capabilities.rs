//! The operations of the backend's capabilities. One that the backend lacks is answered with
//! [`ErrorKind::Config`](crate::ErrorKind::Config).

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
        self.send_to(
            |backend| backend.require_topics("publish"),
            move |topics| topics.publish(channel, message),
        )
    }

    pub(crate) fn subscribe(self, channel: &'s StoredKey) -> Answer<'s, Subscription> {
        self.send_to(|backend| backend.require_topics("subscribe"), move |topics| topics.subscribe(channel))
    }

    pub(crate) fn lock(self, lock: &'s StoredKey, token: Token, ttl: Duration) -> Answer<'s, LockAnswer> {
        self.send_to(|backend| backend.require_locks("lock"), move |locks| locks.lock(lock, token, ttl))
    }

    pub(crate) fn extend_lock(self, lock: &'s StoredKey, token: Token, ttl: Duration) -> Answer<'s, bool> {
        self.send_to(
            |backend| backend.require_locks("extend_lock"),
            move |locks| locks.extend_lock(lock, token, ttl),
        )
    }

    pub(crate) fn unlock(self, lock: &'s StoredKey, token: Token) -> Answer<'s, bool> {
        self.send_to(|backend| backend.require_locks("unlock"), move |locks| locks.unlock(lock, token))
    }

    pub(crate) fn add(self, counter: &'s StoredKey, delta: i64, ttl: Option<Duration>) -> Answer<'s, i64> {
        self.send_to(
            |backend| backend.require_counters("add"),
            move |counters| counters.add(counter, delta, ttl),
        )
    }

    #[cfg(feature = "rate-limit")]
    pub(crate) fn admit(
        self,
        requests: &'s [RateRequest<'s>],
        mode: RateMode,
    ) -> Answer<'s, Vec<RateVerdict>> {
        self.send_to(
            |backend| backend.require_rate_limits("admit"),
            move |rate_limits| rate_limits.admit(requests, mode),
        )
    }

    #[cfg(feature = "rate-limit")]
    pub(crate) fn forget_rates(self, keys: &'s [StoredKey]) -> Answer<'s, ()> {
        self.send_to(
            |backend| backend.require_rate_limits("reset"),
            move |rate_limits| rate_limits.forget_rates(keys),
        )
    }

    pub(crate) fn scan(
        self,
        glob: &'s str,
        cursor: Option<ScanCursor>,
        page_size: usize,
    ) -> Answer<'s, ScanPage> {
        self.send_to(
            |backend| backend.require_keyspace("scan"),
            move |keyspace| keyspace.scan(glob, cursor, page_size),
        )
    }

    pub(crate) fn delete_raw(self, names: &'s [StoredKey]) -> Answer<'s, ()> {
        self.send_to(
            |backend| backend.require_keyspace("delete_raw"),
            move |keyspace| keyspace.delete_raw(names),
        )
    }

    #[cfg(feature = "admin")]
    pub(crate) fn inspect(self, key: &'s StoredKey) -> Answer<'s, Inspection> {
        self.send_to(|backend| backend.require_keyspace("inspect"), move |keyspace| keyspace.inspect(key))
    }

    pub(crate) fn ttl(self, key: &'s StoredKey) -> Answer<'s, Option<Duration>> {
        self.send_to(|backend| backend.require_lifetimes("ttl"), move |lifetimes| lifetimes.ttl(key))
    }

    pub(crate) fn expire(self, key: &'s StoredKey, ttl: Duration) -> Answer<'s, bool> {
        self.send_to(
            |backend| backend.require_lifetimes("expire"),
            move |lifetimes| lifetimes.expire(key, ttl),
        )
    }

    pub(crate) fn info(self) -> Answer<'s, BackendInfo> {
        self.send(Backend::info)
    }
}
