//! Numbers as JSON writes them, read as decimals: digits and how many of them stand after the point.

use num_bigint::BigInt;

/// A number as it is written, exactly.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// `digits / 10^scale`
    Small { digits: i128, scale: u32 },
    /// The same of more digits.
    Big { digits: BigInt, scale: u32 },
    /// Beyond the range of a double, which jq takes for infinite.
    Infinite { negative: bool },
}

/// Digits, or digits and a point, that surely fit in 64 bits, and in 128.
const FEW: usize = 18;
const SMALL: usize = 38;

/// More digits than this, or digits further from the point, are not summed one by one: the nearest double is.
const MOST_DIGITS: usize = 400;

impl Decimal {
    /// The number that `text` writes in JSON, and whether it is written as an integer.
    pub(super) fn of(text: &str) -> (Self, bool) {
        if let Some((digits, scale)) = small(text.as_bytes()) {
            return (Self::Small { digits, scale }, scale == 0 && text != "-0");
        }
        let integer = !text.contains(['.', 'e', 'E']);
        (big(text).unwrap_or_else(|| nearest(text)), integer)
    }
}

/// A number of few digits without an exponent.
#[inline]
fn small(text: &[u8]) -> Option<(i128, u32)> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (first, rest) = digits.split_at(digits.len().min(FEW));
    if digits.len() > SMALL {
        return None;
    }
    let mut point = None;
    let mut few = 0_i64;
    for (at, &byte) in first.iter().enumerate() {
        match byte {
            b'0'..=b'9' => few = few * 10 + i64::from(byte - b'0'),
            b'.' => point = Some(at),
            _ => return None,
        }
    }
    let mut value = i128::from(few);
    for (at, &byte) in rest.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i128::from(byte - b'0'),
            b'.' => point = Some(FEW + at),
            _ => return None,
        }
    }
    let negative = digits.len() < text.len();
    let scale = point.map_or(0, |point| digits.len() - point - 1);
    Some((if negative { -value } else { value }, scale as u32))
}

/// A number of any form, unless it is too long.
fn big(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().ok()?;
    let most = MOST_DIGITS as i32;
    if mantissa.len() > MOST_DIGITS || exponent.abs() > most {
        return None;
    }
    let scale = fraction.len() as i32 - exponent;
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let size = digits.magnitude().to_string().len() as i32 - scale;
    // What is as great as a double may get is looked at more closely there.
    if scale > most || size > f64::MAX_10_EXP {
        return None;
    }
    Some(if scale < 0 {
        let digits = digits * BigInt::from(10).pow(scale.unsigned_abs());
        Decimal::Big { digits, scale: 0 }
    } else {
        Decimal::Big {
            digits,
            scale: scale.unsigned_abs(),
        }
    })
}

/// The nearest double, by the shortest digits that stand for it.
fn nearest(text: &str) -> Decimal {
    let float: f64 = text.parse().unwrap_or(0.0);
    if float.is_infinite() {
        return Decimal::Infinite {
            negative: float < 0.0,
        };
    }
    // As an integer where it is a great one, as its digits would be cut by the shortest ones.
    let integer = !text.contains(['.', 'e', 'E']);
    if integer && let Ok(digits) = text.parse() {
        return Decimal::Big { digits, scale: 0 };
    }
    let shortest = format!("{float:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap_or_default();
    let scale = fraction.len() as i32 - exponent;
    Decimal::Big {
        digits: digits * BigInt::from(10).pow((-scale).max(0).unsigned_abs()),
        scale: scale.max(0).unsigned_abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(digits: i128, scale: u32) -> Decimal {
        Decimal::Small { digits, scale }
    }

    fn big(digits: &str, scale: u32) -> Decimal {
        Decimal::Big {
            digits: digits.parse().unwrap(),
            scale,
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (text, decimal, integer) in [
            ("0", small(0, 0), true),
            ("-0", small(0, 0), false),
            ("-12.10", small(-1210, 2), false),
            (
                "123456789012345678",
                small(123_456_789_012_345_678, 0),
                true,
            ),
            (
                "1234567890123456789.5",
                small(12_345_678_901_234_567_895, 1),
                false,
            ),
            ("1.5e2", big("150", 0), false),
            ("-25E-3", big("-25", 3), false),
            ("1e-400", big("1", 400), false),
            ("1e-401", big("0", 0), false),
            ("1e309", Decimal::Infinite { negative: false }, false),
            ("-1e9999999999", Decimal::Infinite { negative: true }, false),
        ] {
            assert_eq!(Decimal::of(text), (decimal, integer), "{text}");
        }
        let long = format!("0.{}", "3".repeat(500));
        assert_eq!(Decimal::of(&long).0, big("3333333333333333", 16));
        let greatest = "17976931348623157e292";
        let (Decimal::Big { digits, scale: 0 }, false) = Decimal::of(greatest) else {
            panic!("a big number");
        };
        assert_eq!(digits.to_string().len(), 309);
    }
}
