//! The worker: one task a cache, for what no caller should wait for. It probes a lost backend, delivers queued
//! invalidations, releases the leases of cancelled loads and dropped locks, and writes the summary to the log.
//!
//! The engine owns the task and aborts it when it is dropped; the task holds the engine only while it works.

mod deliveries;
mod jobs;
mod summary;
mod task;
mod turn;
mod watchdog;

pub(super) use self::jobs::Job;
pub(super) use self::task::Worker;
pub(super) use self::turn::Turn;
