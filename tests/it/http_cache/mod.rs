//! The response cache over a scripted service.

mod bodies;
mod conformance;
mod faults;
mod flights;
mod invalidation;
mod keys;
mod leaks;
mod support;
mod validation;
