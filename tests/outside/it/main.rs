//! JollyCache from outside.

#![allow(clippy::disallowed_methods, reason = "a user's crate reads clocks as it likes")]
#![allow(clippy::option_option, reason = "values are odd on purpose")]

mod annotated;
mod caches;
mod features;
mod keys;
mod network;
mod outages;
mod pauses;
mod runtimes;
mod values;
