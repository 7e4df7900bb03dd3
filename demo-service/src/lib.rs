//! The JollyJet product API: a catalogue of flights, holidays and travel gear.
//!
//! The layers, from the inside out, and the layers that each may use:
//!
//! | module | contents | uses |
//! |---|---|---|
//! | [`domain`] | products and their rules | none |
//! | [`usecases`] | operations on products, **and all caching, as attributes** | `domain` |
//! | [`infrastructure`] | repositories: MongoDB, and one in memory | `domain`, `usecases` |
//! | [`interface`] | HTTP: routes, JSON, errors | `domain`, `usecases` |
//! | [`config`] | environment variables | none |
//! | [`health`] | the check of a running service, `--health` | `config` |
//! | [`telemetry`] | the log, and traces | `config` |
//! | [`app`] | the construction of the service | all of them |

pub mod app;
pub mod config;
pub mod domain;
pub mod health;
pub mod infrastructure;
pub mod interface;
pub mod telemetry;
pub mod usecases;
