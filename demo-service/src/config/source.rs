//! The sources of variables: the environment, and a file `.env` for those that it does not set.

use std::collections::HashMap;
use std::env;

use super::{Config, ConfigError};

impl Config {
    /// Reads the configuration from the environment and from `.env`, which is searched in the working directory and its
    /// parents.
    ///
    /// # Errors
    /// Every mistake; or `.env` cannot be read.
    pub fn load() -> Result<Self, ConfigError> {
        let file = dot_env()?;
        Config::read(|name| {
            let set = env::var_os(name).map(|value| value.to_string_lossy().into_owned());
            set.or_else(|| file.get(name).cloned())
        })
    }
}

/// Returns the variables of `.env`; none if there is no such file.
fn dot_env() -> Result<HashMap<String, String>, ConfigError> {
    let variables = match dotenvy::dotenv_iter() {
        Ok(lines) => lines.collect(),
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(error) => Err(error),
    };
    // The error may quote a line, and the line a password.
    let unreadable = || vec![".env cannot be read: expected lines of NAME=value".to_owned()];
    variables.map_err(|_: dotenvy::Error| ConfigError { mistakes: unreadable() })
}
