//! The lock of the flights, by a name of its own: `schedules` puts another in its place, that a test can
//! interrupt.

pub(super) use std::sync::{Mutex, MutexGuard};
