//! `RedisBackend`: the protocol on a Redis server, version 7.0 or later.
//!
//! Reads are plain commands; everything else is a script of one key (`scripts/`), so that each step is atomic on the server.
//! Only rate limits that are judged together are keys of one call. Tag ids are read by plain commands beside the scripts,
//! never inside them.

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
mod topology;

pub use self::builder::RedisBuilder;
pub use self::commands::RedisBackend;
