//! `ProductId`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The number of hex digits of an id: 12 bytes, as in a MongoDB object id.
const DIGITS: usize = 24;

/// The id of a product: 24 hex digits, normalized to lower case, so that one product has one id and one key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductId(Box<str>);

/// The text is not 24 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a product id is {DIGITS} hex digits")]
pub struct MalformedId;

impl ProductId {
    /// Creates the id from 12 bytes.
    pub fn from_bytes(bytes: [u8; DIGITS / 2]) -> Self {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        ProductId(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
    }

    /// Returns the 24 digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let well_formed = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        well_formed.then(|| ProductId(text.to_ascii_lowercase().into_boxed_str())).ok_or(MalformedId)
    }
}

impl TryFrom<String> for ProductId {
    type Error = MalformedId;

    fn try_from(text: String) -> Result<Self, MalformedId> {
        text.parse()
    }
}

impl From<ProductId> for String {
    fn from(id: ProductId) -> String {
        id.0.into_string()
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProductId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_either_case_are_one_id() {
        let upper: ProductId = "64B7F0A1C2D3E4F506172839".parse().unwrap();
        assert_eq!(upper.as_str(), "64b7f0a1c2d3e4f506172839");
    }

    #[test]
    fn bytes_become_two_digits_each() {
        let id = ProductId::from_bytes([0, 1, 15, 16, 127, 128, 255, 0, 0, 0, 0, 171]);
        assert_eq!(id.as_str(), "00010f107f80ff00000000ab");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
    }

    #[test]
    fn anything_but_24_hex_digits_is_refused() {
        for text in [
            "",
            "64b7f0a1c2d3e4f50617283",
            "64b7f0a1c2d3e4f5061728390",
            "64b7f0a1c2d3e4f50617283g",
            "64b7f0a1c2d3e4f5061728\u{e9}",
            "*",
        ] {
            assert_eq!(text.parse::<ProductId>(), Err(MalformedId), "{text:?}");
        }
        assert!(serde_json::from_str::<ProductId>("\"12\"").is_err());
    }
}
