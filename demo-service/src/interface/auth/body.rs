//! Bodies of requests and responses.

use std::time::SystemTime;

use jiff::Timestamp;
use jollycache::session::Session;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/auth/login`. No `Debug`: it holds a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::interface) struct Credentials {
    #[schema(example = "demo")]
    pub(super) username: String,
    #[schema(example = "demo-password", format = Password)]
    pub(super) password: String,
}

/// The session of the request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::interface) struct LoginView {
    username: String,
    /// The time of the login.
    #[schema(value_type = String, format = DateTime)]
    logged_in_at: Timestamp,
    /// The end of the session, unless it is used before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The end of the session, however much it is used.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// The session has ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::interface) struct LogoutView {
    #[schema(example = true)]
    pub(super) logged_out: bool,
}

impl From<&Session<()>> for LoginView {
    fn from(session: &Session<()>) -> Self {
        LoginView {
            username: session.user().to_owned(),
            logged_in_at: timestamp(session.created_at()),
            expires_at: timestamp(session.expires_at()),
            ends_at: timestamp(session.ends_at()),
        }
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}
