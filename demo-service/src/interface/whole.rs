//! Integers in JSON, where `5.0` is an integer too.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// The bound up to which a float represents every integer exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Deserializes an integer.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let whole = number.as_i64().or_else(|| number.as_f64().and_then(whole));
    whole.ok_or_else(|| D::Error::custom(format!("expected a whole number, found {number}")))
}

/// As [`deserialize`], for a field that may be omitted, but not be null.
pub(super) fn deserialize_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserialize(deserializer).map(Some)
}

#[allow(clippy::cast_possible_truncation, reason = "checked: it is whole, and within the range")]
fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_whole_float_is_a_whole_number() {
        let read = |json: &str| super::deserialize(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!((read("5"), read("5.0"), read("-2e3")), (Some(5), Some(5), Some(-2_000)));
        for json in ["5.5", "1e300", "\"5\"", "null", "18446744073709551615"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
