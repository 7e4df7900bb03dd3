//! Single flight within the process: of the callers of one key, one loads and the others wait for its result.

mod flights;
#[cfg(test)]
mod schedules;
mod sync;
#[cfg(test)]
mod tests;

pub(super) use self::flights::{FlightKey, FlightResult, Flights, Leader, Role, Shared, Turn};
