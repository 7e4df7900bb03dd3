//! The JollyJet product API: a catalogue of flights, holidays and travel gear.
//!
//! The layers, from the inside out, and what each may know:
//!
//! | module | holds | knows |
//! |---|---|---|
//! | [`domain`] | products and their rules | nothing else here |
//! | [`usecases`] | what one can do with products, **and all there is to say about caching** | `domain` |
//! | [`infrastructure`] | the stores: MongoDB, and one in memory | `domain`, `usecases` |
//! | [`interface`] | HTTP: routes, JSON, errors | `domain`, `usecases` |
//! | [`config`] | the environment | nothing else here |
//! | [`health`] | how to ask a service whether it is well | `config` |
//! | [`telemetry`] | log lines, and traces | `config` |
//! | [`app`] | the wiring, by hand, in one place | everything |

pub mod app;
pub mod config;
pub mod domain;
pub mod health;
pub mod infrastructure;
pub mod interface;
pub mod telemetry;
pub mod usecases;
