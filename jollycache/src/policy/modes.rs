//! `SingleFlight` and `Consistency`.

/// Which concurrent callers share a load on a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SingleFlight {
    /// All callers of all processes share one load; the default.
    #[default]
    Cluster,
    /// The callers of one process share one load.
    Local,
    /// Every miss loads; no load is shared.
    Off,
}

/// The guarantee of an invalidation to later reads; [docs/semantics.md](crate::docs::semantics) has the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// A read that starts after an invalidation was acknowledged never returns an invalidated value.
    Strict,
    /// The same for values read from the backend. There is no near cache yet, so it equals `Strict`.
    #[default]
    Bounded,
    /// Only expiry and evictions of keys apply: entries carry no tags, and reads check none.
    Ttl,
}
