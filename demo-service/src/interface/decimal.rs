//! Exact decimals in JSON: the digits of a number are parsed directly, and never become a float.
//!
//! Implemented by `RawValue`, for one field. The feature `arbitrary_precision` of `serde_json` would change how every
//! crate in the program reads numbers.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
use serde_json::value::RawValue;

/// The maximum length of a number's text.
const MAX_DIGITS: usize = 64;

/// Serializes a decimal as a JSON number.
pub(super) fn serialize<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    let digits = RawValue::from_string(decimal.to_string()).map_err(S::Error::custom)?;
    digits.serialize(serializer)
}

/// Deserializes a decimal from a JSON number, or from a string that contains one.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let number = match raw.get().as_bytes() {
        [b'"', ..] => serde_json::from_str(raw.get()).map_err(D::Error::custom)?,
        [b'-' | b'0'..=b'9', ..] => raw.get().to_owned(),
        _ => return Err(D::Error::custom("expected a number, or a string that holds one")),
    };
    parse(&number).ok_or_else(|| D::Error::custom("not a decimal number that can be kept exactly"))
}

/// As [`deserialize`], for a field that may be omitted, but not be null.
pub(super) fn deserialize_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Decimal>, D::Error> {
    deserialize(deserializer).map(Some)
}

/// Parses a text by JSON's grammar of numbers; `None` if its value cannot be represented exactly.
fn parse(text: &str) -> Option<Decimal> {
    let exponent = text.find(['e', 'E']);
    let mantissa = &text[..exponent.unwrap_or(text.len())];
    if text.len() > MAX_DIGITS || text != text.trim() || serde_json::from_str::<Number>(text).is_err() {
        return None;
    }
    let exact = Decimal::from_str_exact(mantissa).ok()?;
    if exponent.is_none() {
        return Some(exact);
    }
    let scaled = Decimal::from_scientific(text).ok()?;
    // A tiny exponent must not round to nothing.
    (scaled.is_zero() == exact.is_zero()).then_some(scaled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Priced {
        #[serde(with = "super")]
        price: Decimal,
    }

    fn read(json: &str) -> Result<Decimal, String> {
        let priced: Result<Priced, _> = serde_json::from_str(&format!("{{\"price\":{json}}}"));
        priced.map(|priced| priced.price).map_err(|error| error.to_string())
    }

    #[test]
    fn digits_come_out_as_they_went_in() {
        for digits in ["0", "0.1", "149.99", "-3", "9007199254740993.01", "1234567890123456789012345678"] {
            let price = read(digits).unwrap();
            let written = serde_json::to_string(&Priced { price }).unwrap();
            assert_eq!(written, format!("{{\"price\":{digits}}}"));
            assert_eq!(read(&format!("\"{digits}\"")), Ok(price));
        }
    }

    #[test]
    fn exponents_are_exact_too() {
        assert_eq!(read("1.5e2"), Ok(Decimal::new(150, 0)));
        assert_eq!(read("15E-1"), Ok(Decimal::new(15, 1)));
        assert_eq!(read("\"0e5\""), Ok(Decimal::ZERO));
        for lost in ["1e-40", "1.00000000000000000000000000001e0", "1e999999999999", "1e40"] {
            assert!(read(lost).is_err(), "{lost}");
        }
    }

    #[test]
    fn what_is_no_number_of_json_is_refused() {
        for json in ["null", "true", "[]", "{}", "\"\"", "\"1_000\"", "\"+1\"", "\".5\"", "\" 1\"", "\"NaN\""]
        {
            assert!(read(json).is_err(), "{json}");
        }
        assert!(read(&"9".repeat(100_000)).is_err());
    }
}
