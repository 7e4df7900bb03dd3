//! Integration tests against real servers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers too")]
#![allow(
    clippy::disallowed_methods,
    reason = "a lifetime has to pass, or a load to take its time; nothing waits for an event so"
)]

mod attribute_conditions;
mod attribute_keys;
mod attributes;
mod audit;
mod backends;
mod broken;
mod call_headers;
mod calls;
mod conformance;
mod core_backend;
mod crowds;
mod differential;
mod events;
mod hanging_loads;
mod http_cache;
mod late_writes;
mod leases;
mod locks;
mod many;
mod metrics;
mod mongo_server;
mod overwrites;
mod own_writes;
mod processes;
mod queued;
mod races;
mod rate_limits;
mod redis_backend;
mod reentry;
mod refusals;
mod region_tags;
mod runtimes;
mod second_process;
mod sessions;
mod slow_process;
mod values;
mod warm_up;
mod writes;
