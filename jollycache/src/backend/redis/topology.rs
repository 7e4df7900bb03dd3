//! `Topology`: where the server is, and as whom to log in.

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::error::{Error, ErrorKind, Result};

/// One server. What is set beside the URL replaces what the URL has.
#[derive(Clone)]
pub(super) struct Topology {
    pub(super) url: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<u32>,
}

impl Topology {
    pub(super) fn new(url: String) -> Self {
        Topology { url, username: None, password: None, database: None }
    }

    /// The client for the server; it does not connect yet.
    pub(super) fn client(&self) -> Result<Client> {
        Client::open(self.connection_info()?).map_err(|_| bad_url())
    }

    fn connection_info(&self) -> Result<ConnectionInfo> {
        check_scheme(&self.url)?;
        let info = self.url.as_str().into_connection_info().map_err(|_| bad_url())?;
        // RESP3 reports the end of a connection at once, and carries notifications.
        let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        if let Some(username) = &self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        if let Some(database) = self.database {
            settings = settings.set_db(i64::from(database));
        }
        Ok(info.set_redis_settings(settings))
    }
}

// The texts below never quote the URL: an unescaped password may be what is wrong with it.

fn check_scheme(url: &str) -> Result<()> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("redis" | "valkey" | "unix") => Ok(()),
        Some(scheme @ ("rediss" | "valkeys")) => {
            let plain = scheme.strip_suffix('s').unwrap_or(scheme);
            let message =
                format!("a {scheme}:// URL needs TLS, which this build does not have; use {plain}://");
            Err(Error::new(ErrorKind::Config, message))
        }
        _ => Err(bad_url()),
    }
}

fn bad_url() -> Error {
    Error::new(
        ErrorKind::Config,
        "the redis URL cannot be read: expected redis://[user:password@]host[:port][/database] (or valkey://…) or \
         unix:/path/to/socket[?db=database], with special characters percent-encoded",
    )
}
