//! Numbers with two decimals at most, kept as whole hundredths: exact, which binary fractions are not.

use serde_json::{Number, Value};

/// How many hundredths one has.
pub const ONE: i64 = 100;

/// Reads a number by its digits; `None` when it has more decimals than two, or is beyond all bounds.
pub fn read(number: &Number) -> Option<i64> {
    let text = number.to_string();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let part: i64 = match decimals.trim_end_matches('0') {
        "" => 0,
        one if one.len() == 1 => one.parse::<i64>().ok()? * 10,
        two if two.len() == 2 => two.parse().ok()?,
        _ => return None,
    };
    let hundredths = whole.parse::<i64>().ok()?.checked_mul(ONE)?.checked_add(part)?;
    Some(if negative { -hundredths } else { hundredths })
}

/// The number as it is shown: without decimals where it has none.
pub fn to_json(hundredths: i64) -> Value {
    if hundredths % ONE == 0 {
        return (hundredths / ONE).into();
    }
    let sign = if hundredths < 0 { "-" } else { "" };
    let (whole, part) = ((hundredths / ONE).abs(), (hundredths % ONE).abs());
    let number = format!("{sign}{whole}.{part:02}").parse::<f64>().ok();
    number.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn two_decimals_are_exact_and_more_are_none() {
        for (text, hundredths, shown) in [
            ("0", Some(0), "0"),
            ("10", Some(1000), "10"),
            ("10.0", Some(1000), "10"),
            ("0.1", Some(10), "0.1"),
            ("0.07", Some(7), "0.07"),
            ("33.33", Some(3333), "33.33"),
            ("99.99", Some(9999), "99.99"),
            ("1e2", Some(10_000), "100"),
            ("-0.5", Some(-50), "-0.5"),
            ("-12.34", Some(-1234), "-12.34"),
            ("12.345", None, ""),
            ("0.001", None, ""),
            ("1e-7", None, ""),
            ("1e300", None, ""),
            ("99999999999999999999", None, ""),
        ] {
            assert_eq!(read(&number(text)), hundredths, "{text}");
            if let Some(hundredths) = hundredths {
                assert_eq!(to_json(hundredths).to_string(), shown, "{text}");
            }
        }
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for hundredths in -10_100..10_100 {
            let Value::Number(number) = to_json(hundredths) else { panic!("{hundredths} is no number") };
            assert_eq!(read(&number), Some(hundredths), "{number}");
        }
    }
}
