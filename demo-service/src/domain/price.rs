//! `Price`: an exact amount of money.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The maximum price.
pub const MAX_PRICE: Decimal = Decimal::from_parts(3_567_587_327, 232, 0, false, 2);
/// The maximum number of fraction digits.
const SCALE: u32 = 2;

/// A price: a decimal from 0 to 9,999,999,999.99 with at most two fraction digits, exact in every step.
///
/// Written without trailing zeros: `149`, `149.5`, `149.99`. Never a float, neither in entries nor in stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Decimal")]
pub struct Price(Decimal);

impl Price {
    /// Creates a price from an amount.
    ///
    /// # Errors
    /// The rule that the amount breaks.
    pub fn new(amount: Decimal) -> Result<Self, String> {
        let amount = amount.normalize();
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err("must not be negative".to_owned());
        }
        if amount.scale() > SCALE {
            return Err(format!("must have at most {SCALE} fraction digits"));
        }
        if amount > MAX_PRICE {
            return Err(format!("must be at most {MAX_PRICE}"));
        }
        Ok(Price(amount))
    }

    /// Returns the price in hundredths.
    pub fn hundredths(self) -> i64 {
        let mut amount = self.0;
        amount.rescale(SCALE);
        // A price has at most 12 digits.
        i64::try_from(amount.mantissa()).unwrap_or(i64::MAX)
    }

    /// Creates a price from hundredths.
    ///
    /// # Errors
    /// As [`Price::new`].
    pub fn from_hundredths(hundredths: i64) -> Result<Self, String> {
        Price::new(Decimal::new(hundredths, SCALE))
    }

    /// Returns the amount.
    pub fn amount(self) -> Decimal {
        self.0
    }
}

impl TryFrom<Decimal> for Price {
    type Error = String;

    fn try_from(amount: Decimal) -> Result<Self, String> {
        Price::new(amount)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Result<Price, String> {
        Price::new(Decimal::from_str_exact(text).unwrap())
    }

    #[test]
    fn amounts_are_exact_and_in_one_form() {
        for (given, written, hundredths) in [
            ("0", "0", 0),
            ("-0", "0", 0),
            ("0.1", "0.1", 10),
            ("149.00", "149", 14_900),
            ("149.990", "149.99", 14_999),
            ("9999999999.99", "9999999999.99", 999_999_999_999),
        ] {
            let price = price(given).unwrap();
            assert_eq!(price.to_string(), written);
            assert_eq!(price.hundredths(), hundredths);
            assert_eq!(Price::from_hundredths(hundredths), Ok(price));
        }
    }

    #[test]
    fn amounts_beyond_the_rules_are_refused() {
        assert_eq!(price("-0.01").unwrap_err(), "must not be negative");
        assert_eq!(price("0.001").unwrap_err(), "must have at most 2 fraction digits");
        assert_eq!(price("10000000000").unwrap_err(), "must be at most 9999999999.99");
        assert!(Price::from_hundredths(-1).is_err());
    }

    #[test]
    fn an_entry_holds_the_digits_and_reading_checks_them() {
        let json = serde_json::to_string(&price("0.3").unwrap()).unwrap();
        assert_eq!(json, "\"0.3\"");
        assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), price("0.3").unwrap());
        assert!(serde_json::from_str::<Price>("\"-1\"").is_err());
    }
}
