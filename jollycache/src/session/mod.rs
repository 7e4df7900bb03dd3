//! Sessions: a user and data by a secret id, in the cache's backend.
//!
//! Unlike a cached value, a session exists in the backend only; [the guide](crate::docs::sessions) has the consequences.
//!
//! | module | holds |
//! |---|---|
//! | `service` | [`SessionService`]: create, validate, touch, update, rotate, destroy |
//! | `by_user` | its operations on all sessions of a user |
//! | `builder` | its settings |
//! | `id` | [`SessionId`], the secret, and [`SessionHandle`], its hash |
//! | `lifetime` | idle and absolute lifetime, as pure functions of the time |
//! | `store`, `user` | the operations of `service` on untyped data: on one session, and on all of a user |
//! | `record`, `index` | the stored forms of a session, and of the list of a user's sessions |
//! | `seal`, `keyring` | encryption |
//! | `sealed_store` | encrypted texts by key, with compare-and-set |
//! | `tower` | the store of `tower-sessions`, with the feature of that name |

mod builder;
mod by_user;
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
    SessionServiceBuilder,
};
pub use self::id::{SessionHandle, SessionId};
pub use self::keyring::{EncryptionKey, Keyring};
pub use self::record::{MAX_USER_BYTES, Session};
pub use self::service::SessionService;
#[cfg(feature = "tower-sessions")]
pub use self::tower::TowerSessionStore;
