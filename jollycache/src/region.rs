//! Regions: a name, a policy and counters.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::entry::RegionId;
use crate::error::{Error, Result};
use crate::key::Tag;
use crate::policy::{Consistency, Policy, Resolved, check_tags};
use crate::tracker::{ConsistencyTracker, RegionTracker};

/// The region of calls that name none.
pub(crate) const DEFAULT_REGION: &str = "default";
/// The most regions that are remembered; one beyond them is made anew for each call.
const MAX_REGIONS: usize = 1_000;

/// One region of a cache.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) name: Box<str>,
    pub(crate) id: RegionId,
    pub(crate) tracker: Arc<RegionTracker>,
    /// The policy that was set for the region at start-up.
    pub(crate) policy: Policy,
    /// Whether a load that reads its own key was logged.
    pub(crate) warned_of_reentry: AtomicBool,
    default_policy: Policy,
    /// The policy of the first call that set a lifetime itself. What an attribute sets is known only from its calls.
    observed: OnceLock<Resolved>,
}

impl Region {
    /// The policy of a call. `call` are its layers in order: the call's own and its attribute's.
    pub(crate) fn resolve(&self, call: [&Policy; 2]) -> Resolved {
        let resolved = Resolved::of(&[&self.policy, call[0], call[1], &self.default_policy]);
        if call.iter().any(|policy| policy.ttl.is_some()) {
            self.observed.get_or_init(|| resolved);
        }
        resolved
    }

    /// The tags of an entry, as its readers declare them and its writers store them: those of the call and of the region,
    /// each once and in order; none where only expiry counts. They may be more than an entry can hold.
    pub(crate) fn tags<'t>(
        &'t self,
        consistency: Consistency,
        call: impl IntoIterator<Item = &'t Tag>,
    ) -> Vec<Tag> {
        if consistency == Consistency::Ttl {
            return Vec::new();
        }
        let mut tags: Vec<Tag> = call.into_iter().chain(&self.policy.tags).cloned().collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Checks that an entry can hold `tags` tags. They are never cut: what one of them evicts would be served.
    ///
    /// # Errors
    /// When it cannot, which is counted.
    pub(crate) fn check_tags(&self, tags: usize) -> Result<()> {
        check_tags(tags).inspect_err(|error| self.reject(error))
    }

    /// Counts a value that cannot be stored, and warns of the first one for each reason.
    pub(crate) fn reject(&self, error: &Error) {
        if self.tracker.rejected(error.kind()) {
            let error = error as &dyn std::error::Error;
            tracing::warn!(
                region = %self.name,
                error,
                "a value cannot be cached; others of this region are counted and not logged"
            );
        }
    }

    /// The policy of an operation that has none of its own.
    pub(crate) fn resolve_default(&self) -> Resolved {
        Resolved::of(&[&self.policy, &self.default_policy])
    }
}

#[cfg(feature = "admin")]
impl Region {
    /// The policy of the region's calls, as far as it is known, for display.
    pub(crate) fn observed_policy(&self) -> Resolved {
        self.observed.get().copied().unwrap_or_else(|| self.resolve_default())
    }
}

/// The regions that have been seen.
#[derive(Debug)]
pub(crate) struct Regions {
    known: RwLock<HashMap<Box<str>, Arc<Region>>>,
    /// [`DEFAULT_REGION`], once it has been used.
    default_region: OnceLock<Arc<Region>>,
    tracker: Arc<ConsistencyTracker>,
    default_policy: Policy,
}

impl Regions {
    pub(crate) fn new(
        tracker: Arc<ConsistencyTracker>,
        default_policy: Policy,
        overrides: Vec<(String, Policy)>,
    ) -> Self {
        let regions =
            Regions { known: RwLock::default(), default_region: OnceLock::new(), tracker, default_policy };
        let known =
            overrides.into_iter().map(|(name, policy)| (name.as_str().into(), regions.make(&name, policy)));
        let known = known.collect();
        Regions { known: RwLock::new(known), ..regions }
    }

    pub(crate) fn get(&self, name: &str) -> Arc<Region> {
        if let Some(region) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return region.clone();
        }
        let region = self.make(name, Policy::default());
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REGIONS {
            return region;
        }
        known.entry(name.into()).or_insert(region).clone()
    }

    pub(crate) fn default_region(&self) -> &Arc<Region> {
        self.default_region.get_or_init(|| self.get(DEFAULT_REGION))
    }

    /// All that have been seen, by name.
    #[cfg(feature = "admin")]
    pub(crate) fn all(&self) -> Vec<Arc<Region>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn make(&self, name: &str, policy: Policy) -> Arc<Region> {
        Arc::new(Region {
            name: name.into(),
            id: RegionId::of(name),
            tracker: self.tracker.region(name),
            policy,
            warned_of_reentry: AtomicBool::new(false),
            default_policy: self.default_policy.clone(),
            observed: OnceLock::new(),
        })
    }
}
