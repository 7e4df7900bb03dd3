//! `Error` and its kinds.

use std::error::Error as StdError;
use std::fmt;

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or an argument is invalid; the operation was not started.
    Config,
    /// The backend is unreachable, or the circuit breaker is open. A later retry may succeed.
    Unavailable,
    /// The backend did not answer within the timeout. The operation may or may not have happened.
    Timeout,
    /// The backend refused the operation: wrong type, no permission, out of memory.
    Backend,
    /// A value could not be encoded.
    Encode,
    /// Decoding would change the value, so it is not stored.
    ///
    /// The comparison is of what `Serialize` writes: a skipped field is not compared.
    Lossy,
    /// A value is larger than the limit.
    TooLarge,
    /// A process-wide cache is installed already.
    AlreadyInstalled,
    /// Other callers used the key for the whole time or all the attempts that the caller allowed.
    Contended,
    /// A lock was lost: it expired, or its record is gone, and another owner may hold it.
    Lost,
    /// The loader of the value failed, and its own error cannot be returned.
    Load,
}

/// An error of the cache. It contains no value, password or URL.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a lower-case message, which states the found and the expected value.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Config, "sample is 0: expected 1 to 1000");
    /// assert_eq!(error.to_string(), "sample is 0: expected 1 to 1000");
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), source: None }
    }

    /// Adds the cause.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// # use std::error::Error as _;
    /// let cause = std::io::Error::other("connection reset");
    /// let error = Error::new(ErrorKind::Unavailable, "the server cannot be reached").with_source(cause);
    /// assert_eq!(error.source().unwrap().to_string(), "connection reset");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The kind of the error.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// let error = jollycache::Cache::builder().build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the backend is unreachable or too slow, so that a later retry may succeed.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// assert!(Error::new(ErrorKind::Timeout, "no answer within 50 ms").is_outage());
    /// assert!(!Error::new(ErrorKind::TooLarge, "9 MiB: expected at most 8 MiB").is_outage());
    /// ```
    pub fn is_outage(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Timeout)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

/// `Result` with the cache's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
