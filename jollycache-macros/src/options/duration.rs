//! `"1h30m"`: lengths of time.

use syn::LitStr;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The length in milliseconds.
pub(crate) fn millis(text: &LitStr) -> syn::Result<u64> {
    parse(&text.value()).map_err(|problem| {
        let message = format!(
            "bad duration {:?}: {problem}\nwrite whole numbers with a unit, `ms`, `s`, `m`, `h` or `d`: `\"250ms\"`, \
             `\"30s\"`, `\"1h30m\"`",
            text.value()
        );
        syn::Error::new(text.span(), message)
    })
}

fn parse(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (ms, after) = term(rest)?;
        total = total.checked_add(ms).ok_or_else(too_long)?;
        rest = after;
    }
    match total {
        0 => Err("it is zero".to_owned()),
        total => Ok(total),
    }
}

/// `30m` off the front of `text`.
fn term(text: &str) -> Result<(u64, &str), String> {
    let (digits, rest) = split_where(text, |c| !c.is_ascii_digit());
    let (unit, rest) = split_where(rest, |c| !c.is_ascii_alphabetic());
    if digits.is_empty() {
        let found = text.chars().next().unwrap_or_default();
        return Err(format!("expected a digit, found {found:?}"));
    }
    if unit.is_empty() {
        return Err(match rest.chars().next() {
            Some(found) => format!("expected a unit after {digits:?}, found {found:?}"),
            None => format!("{digits:?} has no unit"),
        });
    }
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("{unit:?} is no unit"));
    };
    let number: u64 = digits.parse().map_err(|_| too_long())?;
    Ok((number.checked_mul(*factor).ok_or_else(too_long)?, rest))
}

fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

fn too_long() -> String {
    "it is too long".to_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sums_of_whole_numbers_with_units() {
        assert_eq!(parse("250ms"), Ok(250));
        assert_eq!(parse("30s"), Ok(30_000));
        assert_eq!(parse("1h30m"), Ok(5_400_000));
        assert_eq!(parse("1d1h1m1s1ms"), Ok(90_061_001));
    }

    #[test]
    fn everything_else_is_refused() {
        for wrong in [
            "",
            "0s",
            "30",
            "s",
            "30 s",
            " 30s",
            "1.5h",
            "-1s",
            "30x",
            "30S",
            "1h30",
            "99999999999999999999s",
            "300000000000d",
            "1w",
            "١s",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_longest_length_is_not_wrapped() {
        assert_eq!(parse("18446744073709551615ms"), Ok(u64::MAX));
        assert!(parse("18446744073709551615ms1ms").is_err());
    }
}
