//! The response cache over a service that does as it is told.

mod bodies;
mod conformance;
mod faults;
mod flights;
mod invalidation;
mod keys;
mod leaks;
mod support;
mod validation;
