//! `AuditReport`: what an audit found.

use std::collections::BTreeMap;

use serde::Serialize;

/// What [`Cache::audit_now`](crate::Cache::audit_now) found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditReport {
    /// All regions together.
    pub total: AuditFindings,
    /// Each audited region by name.
    pub regions: BTreeMap<String, AuditFindings>,
}

/// What one round of audits found in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditFindings {
    /// Entries that were compared with their source.
    pub audited: u64,
    /// Those that differed.
    pub differences: u64,
    /// Those of them that were replaced or evicted. Where the backend failed, the eviction is queued.
    pub repaired: u64,
    /// Entries of another type, and entries whose key was cut because it is too long.
    pub skipped: u64,
    /// Entries that were loaded, written or evicted by others during the comparison, or had just ended: not judged.
    pub disturbed: u64,
    /// Entries for which the loader failed, or took longer than the region's lease.
    pub load_errors: u64,
    /// How long the oldest of those that differed had been stored, in milliseconds.
    pub oldest_difference_ms: Option<u64>,
}

impl AuditReport {
    pub(crate) fn add(&mut self, region: &str, findings: &AuditFindings) {
        self.total.add(findings);
        self.regions.entry(region.to_owned()).or_default().add(findings);
    }
}

impl AuditFindings {
    fn add(&mut self, other: &AuditFindings) {
        self.audited += other.audited;
        self.differences += other.differences;
        self.repaired += other.repaired;
        self.skipped += other.skipped;
        self.disturbed += other.disturbed;
        self.load_errors += other.load_errors;
        self.oldest_difference_ms = self.oldest_difference_ms.max(other.oldest_difference_ms);
    }
}
