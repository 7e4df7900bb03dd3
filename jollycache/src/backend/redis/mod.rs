//! `RedisBackend`: the protocol on a Redis server, version 7.0 or later.
//!
//! Reads are plain commands; everything else is a script of one key (`scripts/`), so that each step is atomic where
//! the data is; only rate limits that are asked together are keys of one call. Tag ids are read and written by plain commands beside the scripts, never inside them.

mod builder;
mod commands;
mod connection;
mod error;
mod pool;
mod pubsub;
mod rates;
mod record;
mod reply;
mod run;
mod scripts;
mod socket;

pub use self::builder::RedisBuilder;
pub use self::commands::RedisBackend;
