//! Numbers by their text: integers are exact, all others are doubles, as in the jq of this program.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

/// What a written number is worth.
#[derive(Debug, Clone)]
pub enum Number {
    /// An integer of 64 bits, written without point and exponent.
    Int(i64),
    /// An integer of more bits, within the range of a double.
    Big(BigInt),
    /// Any other number.
    Float(f64),
}

/// Digits of a written integer that may still be in the range of a double.
const BIG_DIGITS: usize = 309;

/// Integers of more bits are beyond the range of a double: infinite.
const BIG_BITS: u64 = 1024;

impl Number {
    /// The number that `text` writes in JSON.
    pub fn of(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let integer = digits.len() <= BIG_DIGITS
            && text != "-0"
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !integer {
            return Self::Float(text.parse().unwrap_or(f64::NAN));
        }
        if let Ok(int) = text.parse() {
            return Self::Int(int);
        }
        match text.parse::<BigInt>() {
            Ok(int) if int.bits() <= BIG_BITS => Self::Big(int),
            _ => Self::Float(text.parse().unwrap_or(f64::NAN)),
        }
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Big(int) => int.to_f64().unwrap_or(f64::NAN),
            Self::Float(float) => *float,
        }
    }

    /// Order by value.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Float(a), b) => b.compare_float(*a).reverse(),
            (a, Self::Float(b)) => a.compare_float(*b),
            (a, b) => a.to_big().cmp(&b.to_big()),
        }
    }

    /// The text that numbers of the same worth share: `12.10` and `12.1`, `1e2` and `100`.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
            Self::Big(int) => out.extend_from_slice(int.to_string().as_bytes()),
            Self::Float(float) if float.fract() == 0.0 && float.is_finite() => {
                let int = BigInt::from_f64(*float).unwrap_or_default();
                out.extend_from_slice(int.to_string().as_bytes());
            }
            Self::Float(float) => {
                // Writing to memory does not fail.
                let _ = super::float::write(float.clamp(f64::MIN, f64::MAX), out);
            }
        }
    }

    fn to_big(&self) -> BigInt {
        match self {
            Self::Int(int) => BigInt::from(*int),
            Self::Big(int) => int.clone(),
            Self::Float(float) => BigInt::from_f64(*float).unwrap_or_default(),
        }
    }

    /// An integer and a double, compared exactly.
    fn compare_float(&self, float: f64) -> Ordering {
        let Some(floor) = BigInt::from_f64(float.floor()) else {
            return if float > 0.0 {
                Ordering::Less
            } else {
                Ordering::Greater
            };
        };
        let fraction = if float.fract() == 0.0 {
            Ordering::Equal
        } else {
            Ordering::Less
        };
        self.to_big().cmp(&floor).then(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_their_worth() {
        let order = |a, b| Number::of(a).compare(&Number::of(b));
        assert_eq!(order("1", "1.0"), Ordering::Equal);
        assert_eq!(order("-0", "0"), Ordering::Equal);
        assert_eq!(
            order("9007199254740993", "9007199254740992.0"),
            Ordering::Greater
        );
        assert_eq!(order("1", "1.5"), Ordering::Less);
        assert_eq!(order("-1", "-1.5"), Ordering::Greater);
        assert_eq!(order("1e1000", "99999999999999999999"), Ordering::Greater);
        assert_eq!(order("-1e1000", "1"), Ordering::Less);
        assert_eq!(
            order("123456789012345678901", "123456789012345678902"),
            Ordering::Less
        );
    }

    #[test]
    fn equal_numbers_have_one_canonical_text() {
        for (text, canonical) in [
            ("12.10", "12.1"),
            ("1e2", "100"),
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1E-7", "1e-07"),
            ("123456789012345678901", "123456789012345678901"),
            ("1e20", "100000000000000000000"),
        ] {
            let mut out = Vec::new();
            Number::of(text).write_canonical(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), canonical, "{text}");
        }
    }
}
