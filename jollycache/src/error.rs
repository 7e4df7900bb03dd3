//! What can go wrong, told by kind.

use std::error::Error as StdError;
use std::fmt;

/// The kind of an [`Error`], to decide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting, or what a call was given, is wrong; nothing was started.
    Config,
    /// The backend cannot be reached, or the circuit breaker is open. Trying later may help.
    Unavailable,
    /// The backend did not answer within the operation's timeout. The operation may or may not have happened.
    Timeout,
    /// The backend answered, and refused: wrong type, no permission, out of memory.
    Backend,
    /// A value could not be encoded.
    Encode,
    /// A value would come back from its format as another one, so it is not stored.
    ///
    /// What is compared is what the value's `Serialize` writes: a field that it skips takes no part.
    Lossy,
    /// A value is larger than the limit.
    TooLarge,
    /// A process-wide cache is installed already.
    AlreadyInstalled,
    /// Others were at work on the key for as long as the caller was willing to wait or to try again.
    Contended,
    /// A lock was lost: it ended by itself, or its record is gone, and another may have it.
    Lost,
    /// The loader of the value failed, where the error itself cannot be handed out.
    Load,
}

/// An error of the cache. It never holds a value, a password or a URL.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a lower-case message that says what was found and what is allowed.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Config, "sample is 0: expected 1 to 1000");
    /// assert_eq!(error.to_string(), "sample is 0: expected 1 to 1000");
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), source: None }
    }

    /// Adds what caused it.
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

    /// What kind of error this is.
    ///
    /// ```
    /// # use jollycache::{Error, ErrorKind};
    /// let error = jollycache::Cache::builder().build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the backend is to blame in a way that time may heal.
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
