//! `AuditReport`: the findings of an audit.

use std::collections::BTreeMap;

use serde::Serialize;

/// The findings of [`Cache::audit_now`](crate::Cache::audit_now).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditReport {
    /// The sum of all regions.
    pub total: AuditFindings,
    /// Each audited region by name.
    pub regions: BTreeMap<String, AuditFindings>,
}

/// The findings of one round of audits in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditFindings {
    /// The number of entries compared with their source.
    pub audited: u64,
    /// The number of those that differed.
    pub differences: u64,
    /// The number of differing entries that were replaced or evicted. If the backend failed, the eviction is queued.
    pub repaired: u64,
    /// The number of entries of another type, or with a key that was truncated because of its length.
    pub skipped: u64,
    /// The number of entries that changed or expired during the comparison, so that it has no result.
    pub disturbed: u64,
    /// The number of entries for which the loader failed, or took longer than the lease of the region.
    pub load_errors: u64,
    /// The age of the oldest differing entry, in milliseconds.
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
