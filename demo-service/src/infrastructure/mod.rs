//! The repositories of products, and the clock.

mod clock;
mod embedded;
mod mongo;

pub use self::clock::SystemClock;
pub use self::embedded::{EmbeddedProductRepository, MAX_EMBEDDED_PRODUCTS};
pub use self::mongo::{MongoProductRepository, UnusableUri};
