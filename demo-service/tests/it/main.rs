//! The demo over HTTP, on the embedded store, and on Redis with MongoDB.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin_api;
mod admin_page;
mod auth;
mod caching;
mod catalogue;
mod hostile;
mod layers;
mod metrics;
mod openapi;
mod outages;
mod process;
mod rate_limits;
mod repositories;
mod routes;
mod sharing;
mod support;
mod traces;
