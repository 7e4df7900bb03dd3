//! `Freshness`: age and lifetime of a stored response (RFC 9111, section 4.2; RFC 5861). Pure: the time is an argument.

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};

use super::directives::Directives;
use crate::clock::Millis;

/// The response is `public` or has `s-maxage`, so requests with credentials may get it, too.
const SHARED_WITH_CREDENTIALS: u8 = 1;
/// The response must not be served stale, whatever a request permits.
const MUST_REVALIDATE: u8 = 2;
/// The response must be validated before each reuse.
const NO_CACHE: u8 = 4;

/// What decides whether a stored response may be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Freshness {
    /// When the response was received.
    pub(super) received: Millis,
    /// The age at that time, in seconds.
    pub(super) initial_age: u32,
    /// The freshness lifetime, in seconds.
    pub(super) lifetime: u32,
    /// The window of `stale-while-revalidate` after it, in seconds.
    pub(super) while_revalidate: u32,
    /// The window of `stale-if-error` after it, in seconds.
    pub(super) if_error: u32,
    pub(super) shared_with_credentials: bool,
    pub(super) must_revalidate: bool,
    pub(super) no_cache: bool,
}

/// Whether a stored response may be reused for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It is fresh, or the request accepts it stale.
    Allowed,
    /// It is stale, and may be served while it is validated.
    AllowedWhileRevalidating,
    /// It is stale, or is `no-cache`.
    NeedsValidation,
    /// The request's directives exclude it.
    RefusedByRequest,
}

impl Freshness {
    /// The current age, in seconds.
    pub(super) fn age(&self, now: Millis) -> u32 {
        let resident = now.saturating_sub(self.received) / 1_000;
        u32::try_from(u64::from(self.initial_age).saturating_add(resident)).unwrap_or(u32::MAX)
    }

    /// The remaining freshness in seconds; negative once the response is stale.
    pub(super) fn ttl(&self, now: Millis) -> i64 {
        i64::from(self.lifetime) - i64::from(self.age(now))
    }

    /// The freshness lifetime that was left when the response was received.
    pub(super) fn fresh_for(&self) -> Duration {
        Duration::from_secs(u64::from(self.lifetime.saturating_sub(self.initial_age)))
    }

    /// Whether the response may be served because validating it failed.
    pub(super) fn allows_stale_if_error(&self, now: Millis) -> bool {
        self.if_error > 0
            && !self.must_revalidate
            && !self.no_cache
            && -self.ttl(now) <= i64::from(self.if_error)
    }

    /// Whether the response may be reused for a request with these directives.
    pub(super) fn reuse(&self, request: &Directives, now: Millis) -> Reuse {
        let (age, ttl) = (self.age(now), self.ttl(now));
        if request.has("no-cache")
            || request.seconds("max-age").is_some_and(|most| age > most)
            || requires_validation(request)
        {
            return Reuse::RefusedByRequest;
        }
        if request.seconds("min-fresh").is_some_and(|least| ttl < i64::from(least)) {
            return Reuse::RefusedByRequest;
        }
        if self.no_cache {
            return Reuse::NeedsValidation;
        }
        if ttl > 0 {
            return Reuse::Allowed;
        }
        let accepts_stale = request.has_bare("max-stale")
            || request.seconds("max-stale").is_some_and(|most| -ttl <= i64::from(most));
        if accepts_stale && !self.must_revalidate {
            return Reuse::Allowed;
        }
        // Without the first check, a window of zero seconds would last until the end of the current second.
        let in_window = self.while_revalidate > 0 && -ttl < i64::from(self.while_revalidate);
        if in_window && !self.must_revalidate {
            Reuse::AllowedWhileRevalidating
        } else {
            Reuse::NeedsValidation
        }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.put_u8(
            flag(self.shared_with_credentials, SHARED_WITH_CREDENTIALS)
                | flag(self.must_revalidate, MUST_REVALIDATE)
                | flag(self.no_cache, NO_CACHE),
        );
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
            shared_with_credentials: flags & SHARED_WITH_CREDENTIALS != 0,
            must_revalidate: flags & MUST_REVALIDATE != 0,
            no_cache: flags & NO_CACHE != 0,
        })
    }
}

/// `max-age=0` requires validation even while the age, in whole seconds, is still zero.
fn requires_validation(request: &Directives) -> bool {
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
    fn the_age_includes_the_time_before_it_was_received() {
        let response = response();
        assert_eq!((response.age(after(0)), response.ttl(after(0))), (10, 50));
        assert_eq!(response.reuse(&request(&[]), after(49)), Reuse::Allowed);
        assert_eq!(response.reuse(&request(&[]), after(50)), Reuse::NeedsValidation);
        assert_eq!(response.age(0), 10, "the clock of another process may be behind");
        assert_eq!(response.age(u64::MAX), u32::MAX);
    }

    #[test]
    fn windows_open_where_the_lifetime_ends() {
        let response = Freshness { while_revalidate: 5, if_error: 9, ..response() };
        assert_eq!(response.reuse(&request(&[]), after(54)), Reuse::AllowedWhileRevalidating);
        assert_eq!(response.reuse(&request(&[]), after(55)), Reuse::NeedsValidation);
        assert!(response.allows_stale_if_error(after(59)) && !response.allows_stale_if_error(after(60)));
        let strict = Freshness { must_revalidate: true, ..response };
        assert_eq!(strict.reuse(&request(&[]), after(51)), Reuse::NeedsValidation);
        assert!(!strict.allows_stale_if_error(after(51)));
    }

    #[test]
    fn request_directives_tighten_and_relax_reuse() {
        let response = response();
        for directives in [
            request(&[("no-cache", None)]),
            request(&[("max-age", Some("0"))]),
            request(&[("max-age", Some("9"))]),
            request(&[("min-fresh", Some("51"))]),
        ] {
            assert_eq!(response.reuse(&directives, after(0)), Reuse::RefusedByRequest, "{directives:?}");
        }
        assert_eq!(response.reuse(&request(&[("min-fresh", Some("50"))]), after(0)), Reuse::Allowed);
        assert_eq!(response.reuse(&request(&[("max-stale", None)]), after(500)), Reuse::Allowed);
        assert_eq!(response.reuse(&request(&[("max-stale", Some("5"))]), after(55)), Reuse::Allowed);
        assert_eq!(response.reuse(&request(&[("max-stale", Some("5"))]), after(56)), Reuse::NeedsValidation);
        let strict = Freshness { must_revalidate: true, ..response };
        assert_eq!(strict.reuse(&request(&[("max-stale", None)]), after(500)), Reuse::NeedsValidation);
    }
}
