//! `Members`: the index of a user's sessions, one bounded record.
//!
//! It may contain ended sessions, so each session is read before it is listed or counted. It does not decide whether a
//! session is valid.

use serde::{Deserialize, Serialize};

use super::id::SessionHandle;
use super::record::text_of;
use crate::clock::Millis;
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) handle: SessionHandle,
    /// The session's absolute end.
    pub(super) end: Millis,
}

/// A user's sessions, the oldest first.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Members(Vec<Member>);

impl Members {
    /// Parses a text; an unreadable one is an empty index.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn text(&self) -> Result<String> {
        text_of(self)
    }

    /// The members whose absolute end has not come.
    #[must_use]
    pub(super) fn at(mut self, now: Millis) -> Self {
        self.0.retain(|member| member.end > now);
        self
    }

    /// The members that are not among `gone`.
    #[must_use]
    pub(super) fn without(mut self, gone: &[SessionHandle]) -> Self {
        self.0.retain(|member| !gone.contains(&member.handle));
        self
    }

    /// Adds a session, unless there are `most` others. Returns whether the session is a member now.
    pub(super) fn add(&mut self, new: Member, most: usize) -> bool {
        if self.0.contains(&new) {
            return true;
        }
        let has_room = self.0.len() < most;
        if has_room {
            self.0.push(new);
        }
        has_room
    }

    /// Replaces `old` by `new`, or appends `new` if `old` is not a member.
    pub(super) fn replace(&mut self, old: SessionHandle, new: Member) {
        match self.0.iter_mut().find(|member| member.handle == old) {
            Some(place) => *place = new,
            None => self.0.push(new),
        }
    }

    pub(super) fn handles(&self) -> Vec<SessionHandle> {
        self.0.iter().map(|member| member.handle).collect()
    }

    /// The latest absolute end of a member.
    pub(super) fn end(&self) -> Millis {
        self.0.iter().map(|member| member.end).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, end: Millis) -> Member {
        Member { handle: SessionHandle::of(name.as_bytes()), end }
    }

    #[test]
    fn it_is_bounded_and_keeps_no_ended_session() {
        let (one, two, three) = (member("1", 10), member("2", 20), member("3", 30));
        let mut members = Members::default();
        assert!(members.add(one, 2) && members.add(two, 2));
        assert!(!members.add(three, 2), "it is full");
        assert!(members.add(two, 2), "it is a member already");
        assert_eq!(members.end(), 20);
        let mut members = members.at(10);
        assert_eq!(members, Members(vec![two]));
        assert!(members.add(three, 2));
        members.replace(two.handle, one);
        assert_eq!(members.handles(), [one.handle, three.handle]);
        assert_eq!(members.without(&[one.handle]), Members(vec![three]));
        assert_eq!(Members::default().end(), 0);
    }

    #[test]
    fn its_text_is_read_back_and_garbage_is_empty() {
        let members = Members(vec![member("1", 10)]);
        assert_eq!(Members::read(Some(&members.text().unwrap())), members);
        for garbage in ["", "{}", "[1]", "[{\"handle\":\"x\",\"end\":1}]"] {
            assert_eq!(Members::read(Some(garbage)), Members::default());
        }
        assert_eq!(Members::read(None), Members::default());
    }
}
