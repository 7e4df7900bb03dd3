//! Sessions: who a request comes from, and what is known of them, in the cache's backend.
//!
//! The backend is the only place where a session is, not a copy of one. [docs/sessions.md](crate::docs::sessions) says what follows from that.
//!
//! | module | holds |
//! |---|---|
//! | `service` | [`SessionService`]: create, validate, touch, update, rotate, destroy, list, count |
//! | `builder` | its settings |
//! | `id` | [`SessionId`], the secret, and [`SessionHandle`], its hash |
//! | `lifetime` | idle and absolute lifetime, as a pure function of the time |
//! | `store`, `user` | the same as `service`, for records of whatever data: one session, and all of a user's |
//! | `record`, `index` | what is stored of a session, and of a user's sessions |
//! | `seal`, `keyring` | encryption |
//! | `vault` | texts by key: sealed, opened, compared and set |
//! | `tower` | the store of `tower-sessions`, with the feature of that name |

mod builder;
mod id;
mod index;
mod keyring;
mod lifetime;
mod record;
mod seal;
mod sealed_store;
mod service;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower;
mod user;

pub use self::builder::{
    DEFAULT_ABSOLUTE, DEFAULT_IDLE, DEFAULT_MAX_BYTES, DEFAULT_MAX_PER_USER, MAX_ABSOLUTE, MAX_PER_USER,
    MAX_USER_BYTES, SessionServiceBuilder,
};
pub use self::id::{SessionHandle, SessionId};
pub use self::keyring::{EncryptionKey, Keyring};
pub use self::record::Session;
pub use self::service::SessionService;
#[cfg(feature = "tower-sessions")]
pub use self::tower::TowerSessionStore;
