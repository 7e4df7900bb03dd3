//! The variables of the admin API, and switches.

use jollycache::admin::MIN_TOKEN_CHARS;

use super::reader::Reader;
use super::{AdminConfig, Secret};

/// The maximum length of the token, which has to fit into a header.
const MAX_TOKEN_CHARS: usize = 1_024;

impl Reader<'_> {
    pub(super) fn admin(&mut self) -> AdminConfig {
        let token = self.value("ADMIN_TOKEN").map(|token| {
            let fits = (MIN_TOKEN_CHARS..=MAX_TOKEN_CHARS).contains(&token.len());
            let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
            let expected = "expected 16 to 1024 visible ASCII characters, without spaces";
            if fits && visible { Ok(Secret::new(token)) } else { Err(expected) }
        });
        let token = token.and_then(|token| self.noted("ADMIN_TOKEN", token));
        AdminConfig { token, hide_values: self.switch("ADMIN_HIDE_VALUES") }
    }

    /// Reads a boolean variable. Default: false.
    pub(super) fn switch(&mut self, name: &str) -> bool {
        self.parsed(name, "true or false", false)
    }
}
