//! What is stored of a session, and what is handed out of it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::id::SessionHandle;
use crate::Value;
use crate::clock::Millis;
use crate::error::{Error, ErrorKind, Result};

/// A session as it is stored. `data` is kept as JSON, so that a change of its type is not a change of the record's.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) user: String,
    pub(super) created: Millis,
    /// The absolute end.
    pub(super) end: Millis,
    /// Who wrote last: an update whose answer was lost knows by it that it was done.
    pub(super) mark: u64,
    pub(super) data: serde_json::Value,
}

impl Record {
    /// The text of the record, if its data is not larger than `most`.
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

    /// The record that a text is.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The data; `None` if it is of another type.
    pub(super) fn data<D: Value>(&self) -> Option<D> {
        serde_json::from_value(self.data.clone()).ok()
    }

    /// The session, if its data is a `D`. `expires` is when it ends unless it is used.
    pub(super) fn session<D: Value>(self, handle: SessionHandle, expires: Millis) -> Option<Session<D>> {
        let data = self.data()?;
        Some(Session::new(self, handle, expires, data))
    }
}

/// The data of a session as JSON.
pub(super) fn json_of<D: Value>(data: &D) -> Result<serde_json::Value> {
    serde_json::to_value(data).map_err(|error| cannot_encode(error.classify()))
}

/// A text that JSON makes of something.
pub(super) fn text_of(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| cannot_encode(error.classify()))
}

/// serde's text may quote the data, so only its kind is told.
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
    /// What the application keeps in it.
    pub data: D,
}

impl<D> Session<D> {
    pub(super) fn new(record: Record, handle: SessionHandle, expires: Millis, data: D) -> Self {
        let (created, end) = (at(record.created), at(record.end));
        let expires = at(expires.min(record.end));
        Session { handle, user: record.user, created, end, expires, data }
    }

    /// Names the session, and opens it for nobody.
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }

    /// Whose it is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// When it was created. A rotation does not change it.
    pub fn created_at(&self) -> SystemTime {
        self.created
    }

    /// When it ends, however much it is used.
    pub fn ends_at(&self) -> SystemTime {
        self.end
    }

    /// When it ends unless it is used.
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
