//! The response cache over a service that does as it is told.

mod conformance;
