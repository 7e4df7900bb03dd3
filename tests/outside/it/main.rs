//! JollyCache from outside.

#![allow(clippy::disallowed_methods, reason = "a user's crate reads clocks as it likes")]
#![allow(clippy::option_option, reason = "values are odd on purpose")]

mod annotated;
mod caches;
mod keys;
mod network;
mod pauses;
mod values;
