//! From the client's errors to ours: the kind and the server's code, never a key, a value or a credential.

use redis::{RedisError, ServerError};

use crate::error::{Error, ErrorKind};

/// An error of the client: no reply, or one that cannot be read.
pub(super) fn from_client(error: &RedisError) -> Error {
    use redis::ErrorKind as Kind;

    if error.is_timeout() {
        return Error::new(ErrorKind::Timeout, "redis did not answer in time");
    }
    match error.kind() {
        Kind::Io => Error::new(ErrorKind::Unavailable, format!("redis cannot be reached: {}", cause(error))),
        Kind::AuthenticationFailed => Error::new(ErrorKind::Backend, "redis refused the credentials"),
        Kind::Parse => Error::new(ErrorKind::Backend, "redis sent a reply that cannot be read"),
        _ => match error.code() {
            Some(code) => refused(code),
            None => Error::new(ErrorKind::Backend, format!("redis failed: {}", error.category())),
        },
    }
}

/// An error of connecting. Unless the server itself refused, it is unavailable, whatever the client
/// reports (a timeout, a name that does not resolve): no command can have been executed.
pub(super) fn from_connecting(error: &RedisError) -> Error {
    use redis::ErrorKind as Kind;

    let refused = matches!(error.kind(), Kind::AuthenticationFailed | Kind::RESP3NotSupported);
    if refused || error.code().is_some() {
        return from_client(error);
    }
    Error::new(ErrorKind::Unavailable, format!("redis cannot be reached: {}", cause(error)))
}

/// An error that the server sent.
pub(super) fn from_server(error: &ServerError) -> Error {
    refused(error.code())
}

/// A reply of another shape than the command promises.
pub(super) fn unexpected() -> Error {
    Error::new(ErrorKind::Backend, "redis sent a reply of an unexpected shape")
}

fn refused(code: &str) -> Error {
    // A code is one word in capitals. Some errors have none, and begin with free text.
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let code = if is_code { code } else { "ERR" };
    let kind = if is_outage(code) { ErrorKind::Unavailable } else { ErrorKind::Backend };
    Error::new(kind, format!("redis refused the command: {code}"))
}

/// Whether the server serves no client for a while, reads included. docs/operations.md has the reasons.
fn is_outage(code: &str) -> bool {
    matches!(code, "LOADING" | "BUSY" | "CLUSTERDOWN" | "MASTERDOWN")
}

fn cause(error: &RedisError) -> String {
    use std::error::Error as _;
    error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .map_or_else(|| error.category().to_owned(), |error| error.kind().to_string())
}
