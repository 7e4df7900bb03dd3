//! Models of the protocol, explored exhaustively.
//!
//! Each model runs the code's own transitions ([`jollycache::backend::state::Slot`]) for the store, and lets readers,
//! writers and the environment take their steps in every order. Each rule of the protocol is also taken out in
//! turn, and the model must notice.
//!
//! `JOLLYCACHE_MODELS=large` explores one reader more; `JOLLYCACHE_MODELS_TRACE=1` prints how each broken rule is
//! noticed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers too")]

mod explorer;
mod flight;
mod lag;
mod lease;
mod naive;
mod near;
mod reader;
mod restart;
mod scan;
mod tags;
mod versions;
mod world;
mod writer;
mod writes;
