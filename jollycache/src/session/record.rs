//! `Record`, the stored form of a session, and `Session`, the public one.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::id::SessionHandle;
use crate::Value;
use crate::clock::Millis;
use crate::error::{Error, ErrorKind, Result};

/// Maximum length of a user's name, in bytes.
pub const MAX_USER_BYTES: usize = 256;

/// A stored session. `data` is JSON, so that a change of its type does not change the format of the record.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) user: String,
    pub(super) created: Millis,
    /// The absolute end.
    pub(super) end: Millis,
    /// Identifies the last update: one whose reply was lost recognizes by it that it was stored.
    pub(super) mark: u64,
    pub(super) data: serde_json::Value,
}

impl Record {
    /// The text of the record; an error if its data is larger than `most`.
    pub(super) fn text(&self, most: usize) -> Result<String> {
        let size = text_of(&self.data)?.len();
        if size > most {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the session's data has {size} bytes, the limit is {most}"),
            ));
        }
        text_of(self)
    }

    /// Parses a text.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The data; `None` if it is of another type.
    pub(super) fn data<D: Value>(&self) -> Option<D> {
        serde_json::from_value(self.data.clone()).ok()
    }

    /// The session, if its data is a `D`. `expires` is its idle end.
    pub(super) fn session<D: Value>(self, handle: SessionHandle, expires: Millis) -> Option<Session<D>> {
        let data = self.data()?;
        Some(Session::new(self, handle, expires, data))
    }
}

/// The data of a session as JSON.
pub(super) fn json_of<D: Value>(data: &D) -> Result<serde_json::Value> {
    serde_json::to_value(data).map_err(|error| cannot_encode(error.classify()))
}

/// A value as JSON text.
pub(super) fn text_of(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| cannot_encode(error.classify()))
}

/// serde's text may quote the data, so the error has only its category.
fn cannot_encode(class: Category) -> Error {
    Error::new(ErrorKind::Encode, format!("the session's data cannot be encoded as JSON: {class:?} error"))
}

fn at(time: Millis) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(time)).unwrap_or(UNIX_EPOCH)
}

/// A live session. `Debug` shows neither the user nor the data.
#[derive(Clone, PartialEq, Eq)]
pub struct Session<D> {
    handle: SessionHandle,
    user: String,
    created: SystemTime,
    end: SystemTime,
    expires: SystemTime,
    /// The data of the application.
    pub data: D,
}

impl<D> Session<D> {
    pub(super) fn new(record: Record, handle: SessionHandle, expires: Millis, data: D) -> Self {
        let (created, end) = (at(record.created), at(record.end));
        let expires = at(expires.min(record.end));
        Session { handle, user: record.user, created, end, expires, data }
    }

    /// The public identifier of the session, which gives no access to it.
    ///
    /// ```
    /// # use jollycache::session::SessionService;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<String>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", "tea".to_owned()).await?;
    /// assert_eq!(session.handle(), id.handle());
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }

    /// The user that the session was created for.
    ///
    /// ```
    /// # use jollycache::session::SessionService;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<String>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", "tea".to_owned()).await?;
    /// assert_eq!(session.user(), "ada");
    /// # Ok(())
    /// # }
    /// ```
    pub fn user(&self) -> &str {
        &self.user
    }

    /// When the session was created. A rotation does not change it.
    ///
    /// ```
    /// # use jollycache::session::SessionService;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<String>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", "tea".to_owned()).await?;
    /// assert!(session.created_at() < session.expires_at());
    /// # Ok(())
    /// # }
    /// ```
    pub fn created_at(&self) -> SystemTime {
        self.created
    }

    /// The absolute end.
    ///
    /// ```
    /// # use jollycache::session::SessionService;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<String>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", "tea".to_owned()).await?;
    /// assert!(session.ends_at() >= session.expires_at());
    /// # Ok(())
    /// # }
    /// ```
    pub fn ends_at(&self) -> SystemTime {
        self.end
    }

    /// The idle end, which a use postpones.
    ///
    /// ```
    /// # use jollycache::session::SessionService;
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<String>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", "tea".to_owned()).await?;
    /// assert!(session.expires_at() <= session.ends_at());
    /// # Ok(())
    /// # }
    /// ```
    pub fn expires_at(&self) -> SystemTime {
        self.expires
    }
}

impl<D> fmt::Debug for Session<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("handle", &self.handle)
            .field("created", &self.created)
            .field("end", &self.end)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
