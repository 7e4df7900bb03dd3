//! `Policy`: lifetimes, single flight and consistency of the values of a region or a call.

mod modes;
mod resolved;
mod settings;

use std::time::Duration;

pub use self::modes::{Consistency, SingleFlight};
pub(crate) use self::resolved::Resolved;
pub use self::settings::Policy;
pub(crate) use self::settings::check_tags;
pub use crate::entry::MAX_RECORD_TAGS as MAX_TAGS;

/// Default of [`Policy::ttl`].
pub const DEFAULT_TTL: Duration = Duration::from_secs(5 * 60);
/// Default of [`Policy::timeout`].
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);
/// Default of [`Policy::lease`].
pub const DEFAULT_LEASE: Duration = Duration::from_secs(10);
/// Default of [`Policy::intent`].
pub const DEFAULT_INTENT: Duration = Duration::from_secs(10);
/// Default of [`Policy::wait`].
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);
