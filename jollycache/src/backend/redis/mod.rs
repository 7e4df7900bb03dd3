//! `RedisBackend`: the protocol on a Redis server, version 7.0 or later.
//!
//! Reads are plain commands; everything else is a script of one key (`scripts/`), so that each step is atomic where
//! the data is; only rate limits that are asked together are keys of one call. Tag ids are read and written by plain commands beside the scripts, never inside them.

mod builder;
mod commands;
mod error;
mod lane;
mod news;
mod pool;
mod rates;
mod reply;
mod run;
mod script;
mod socket;

pub use self::builder::RedisBuilder;
pub use self::commands::RedisBackend;
