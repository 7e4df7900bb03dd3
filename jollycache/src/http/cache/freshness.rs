//! `Freshness`: how old a stored response is, and for how long it may be served (RFC 9111, section 4.2; RFC 5861).
//! Pure: the time comes in as an argument.

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};

use super::directives::Directives;
use crate::clock::Millis;

/// It may be served to requests with credentials too: the response says that it is for everybody.
const OPEN: u8 = 1;
/// It is never served stale, whatever a request allows.
const STRICT: u8 = 2;
/// It is validated before each use.
const VALIDATED: u8 = 4;

/// What decides whether a stored response may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Freshness {
    /// When the response came in.
    pub(super) received: Millis,
    /// How old it was then, in seconds.
    pub(super) initial_age: u32,
    /// Up to which age it is fresh, in seconds.
    pub(super) lifetime: u32,
    /// For how long after that it may be served while it is validated, in seconds.
    pub(super) while_revalidate: u32,
    /// For how long after that it may be served when validating it fails, in seconds.
    pub(super) if_error: u32,
    pub(super) open: bool,
    pub(super) strict: bool,
    pub(super) validated: bool,
}

/// Whether a stored response may be served as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is fresh, or the request takes it stale.
    Served,
    /// It is past its lifetime, and may be served while it is validated.
    ServedWhileRevalidating,
    /// The response is past its lifetime, or is always validated.
    Stale,
    /// The request does not take it.
    Unwanted,
}

impl Freshness {
    /// Its age in seconds.
    pub(super) fn age(&self, now: Millis) -> u32 {
        let resident = now.saturating_sub(self.received) / 1_000;
        u32::try_from(u64::from(self.initial_age).saturating_add(resident)).unwrap_or(u32::MAX)
    }

    /// For how many seconds it stays fresh; less than zero for how long it has been stale.
    pub(super) fn ttl(&self, now: Millis) -> i64 {
        i64::from(self.lifetime) - i64::from(self.age(now))
    }

    /// Until when it is fresh, counted from when it came in.
    pub(super) fn fresh_for(&self) -> Duration {
        Duration::from_secs(u64::from(self.lifetime.saturating_sub(self.initial_age)))
    }

    /// Whether it may be served although loading anew failed.
    pub(super) fn serves_errors(&self, now: Millis) -> bool {
        self.if_error > 0 && !self.strict && !self.validated && -self.ttl(now) <= i64::from(self.if_error)
    }

    /// Whether a request with these directives may be answered by it.
    pub(super) fn usable(&self, request: &Directives, now: Millis) -> Use {
        let (age, ttl) = (self.age(now), self.ttl(now));
        if request.has("no-cache")
            || request.seconds("max-age").is_some_and(|most| age > most)
            || wants_new(request)
        {
            return Use::Unwanted;
        }
        if request.seconds("min-fresh").is_some_and(|least| ttl < i64::from(least)) {
            return Use::Unwanted;
        }
        if self.validated {
            return Use::Stale;
        }
        if ttl > 0 {
            return Use::Served;
        }
        let takes_stale = request.has_bare("max-stale")
            || request.seconds("max-stale").is_some_and(|most| -ttl <= i64::from(most));
        if takes_stale && !self.strict {
            return Use::Served;
        }
        // A window of no seconds is none, also in the second in which the lifetime ends.
        let in_window = self.while_revalidate > 0 && -ttl < i64::from(self.while_revalidate);
        if in_window && !self.strict { Use::ServedWhileRevalidating } else { Use::Stale }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.put_u8(flag(self.open, OPEN) | flag(self.strict, STRICT) | flag(self.validated, VALIDATED));
        out.put_u64(self.received);
        out.put_u32(self.initial_age);
        out.put_u32(self.lifetime);
        out.put_u32(self.while_revalidate);
        out.put_u32(self.if_error);
    }

    pub(super) fn decode(from: &mut impl Buf) -> Option<Self> {
        let flags = from.try_get_u8().ok()?;
        Some(Freshness {
            received: from.try_get_u64().ok()?,
            initial_age: from.try_get_u32().ok()?,
            lifetime: from.try_get_u32().ok()?,
            while_revalidate: from.try_get_u32().ok()?,
            if_error: from.try_get_u32().ok()?,
            open: flags & OPEN != 0,
            strict: flags & STRICT != 0,
            validated: flags & VALIDATED != 0,
        })
    }
}

/// `max-age=0` asks for validation even in the second in which the response came in.
fn wants_new(request: &Directives) -> bool {
    request.seconds("max-age") == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(&str, Option<&str>)]) -> Directives {
        Directives::from_pairs(
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect(),
        )
    }

    fn response() -> Freshness {
        Freshness { received: 1_000_000, initial_age: 10, lifetime: 60, ..Freshness::default() }
    }

    fn after(seconds: u64) -> Millis {
        1_000_000 + seconds * 1_000
    }

    #[test]
    fn a_response_ages_from_when_it_was_made() {
        let response = response();
        assert_eq!((response.age(after(0)), response.ttl(after(0))), (10, 50));
        assert_eq!(response.usable(&request(&[]), after(49)), Use::Served);
        assert_eq!(response.usable(&request(&[]), after(50)), Use::Stale);
        assert_eq!(response.age(0), 10, "another clock may be behind");
        assert_eq!(response.age(u64::MAX), u32::MAX);
    }

    #[test]
    fn windows_open_where_the_lifetime_ends() {
        let response = Freshness { while_revalidate: 5, if_error: 9, ..response() };
        assert_eq!(response.usable(&request(&[]), after(54)), Use::ServedWhileRevalidating);
        assert_eq!(response.usable(&request(&[]), after(55)), Use::Stale);
        assert!(response.serves_errors(after(59)) && !response.serves_errors(after(60)));
        let strict = Freshness { strict: true, ..response };
        assert_eq!(strict.usable(&request(&[]), after(51)), Use::Stale);
        assert!(!strict.serves_errors(after(51)));
    }

    #[test]
    fn a_request_can_ask_for_more_and_for_less() {
        let response = response();
        for directives in [
            request(&[("no-cache", None)]),
            request(&[("max-age", Some("0"))]),
            request(&[("max-age", Some("9"))]),
            request(&[("min-fresh", Some("51"))]),
        ] {
            assert_eq!(response.usable(&directives, after(0)), Use::Unwanted, "{directives:?}");
        }
        assert_eq!(response.usable(&request(&[("min-fresh", Some("50"))]), after(0)), Use::Served);
        assert_eq!(response.usable(&request(&[("max-stale", None)]), after(500)), Use::Served);
        assert_eq!(response.usable(&request(&[("max-stale", Some("5"))]), after(55)), Use::Served);
        assert_eq!(response.usable(&request(&[("max-stale", Some("5"))]), after(56)), Use::Stale);
        let strict = Freshness { strict: true, ..response };
        assert_eq!(strict.usable(&request(&[("max-stale", None)]), after(500)), Use::Stale);
    }
}
