//! Numbers: written ones stay as they were written, integers are exact, the rest is `f64` as in jq.

use std::cmp::Ordering;
use std::io::Write;
use std::rc::Rc;

use num_bigint::{BigInt, Sign};
use num_traits::{FromPrimitive, ToPrimitive};

use super::Text;

/// A number.
#[derive(Clone)]
pub(crate) enum Number {
    /// An integer of 64 bits.
    Int(i64),
    /// A number that was calculated and is no integer of this program's making.
    Float(f64),
    /// An integer of more than 64 bits, within the range of a double.
    Big(Rc<BigInt>),
    /// A number as it was written, if that is more than a plain integer of 64 bits.
    Literal(Text),
}

/// A number to calculate with.
enum Exact {
    Int(i64),
    Big(Rc<BigInt>),
    Float(f64),
}

/// Integers of more bits than the range of a double are doubles: infinite.
const BIG_BITS: u64 = 1024;

/// Digits of a written integer that may still have [`BIG_BITS`] bits.
const BIG_DIGITS: usize = 309;

impl Number {
    /// The number that JSON or jq wrote as `text`.
    pub(crate) fn written(text: Text) -> Self {
        match small(text.as_str()) {
            Some(int) => Self::Int(int),
            None => Self::Literal(text),
        }
    }

    /// A big integer, kept exactly if it is in the range of a double.
    pub(crate) fn big(int: BigInt) -> Self {
        match int.to_i64() {
            Some(small) => Self::Int(small),
            None if int.bits() <= BIG_BITS => Self::Big(Rc::new(int)),
            None => Self::Float(match int.sign() {
                Sign::Minus => f64::NEG_INFINITY,
                _ => f64::INFINITY,
            }),
        }
    }

    /// The nearest double.
    pub(crate) fn as_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Float(float) => *float,
            Self::Big(int) => int.to_f64().unwrap_or(f64::NAN),
            Self::Literal(text) => text.as_str().parse().unwrap_or(f64::NAN),
        }
    }

    /// The integer of 64 bits that the number is, if it is one.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self.exact() {
            Exact::Int(int) => Some(int),
            Exact::Float(float) if float.fract() == 0.0 && float.abs() < I64_END => {
                Some(float as i64)
            }
            _ => None,
        }
    }

    /// The number cut to an integer towards zero, saturating; `None` for NaN.
    pub(crate) fn truncated(&self) -> Option<i64> {
        match self.exact() {
            Exact::Int(int) => Some(int),
            Exact::Big(int) if int.sign() == Sign::Minus => Some(i64::MIN),
            Exact::Big(_) => Some(i64::MAX),
            Exact::Float(float) => (!float.is_nan()).then_some(float as i64),
        }
    }

    /// The greatest integer not above the number, saturating; `None` for NaN.
    pub(crate) fn floor(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ if self.is_integer() => self.truncated(),
            _ => Self::Float(self.as_f64().floor()).truncated(),
        }
    }

    /// The least integer not below the number, saturating; `None` for NaN.
    pub(crate) fn ceil(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ if self.is_integer() => self.truncated(),
            _ => Self::Float(self.as_f64().ceil()).truncated(),
        }
    }

    /// Whether the number is an integer that is written as one.
    pub(crate) fn is_integer(&self) -> bool {
        !matches!(self.exact(), Exact::Float(_))
    }

    /// Whether the number is NaN.
    pub(crate) fn is_nan(&self) -> bool {
        matches!(self, Self::Float(float) if float.is_nan())
    }

    fn exact(&self) -> Exact {
        match self {
            Self::Int(int) => Exact::Int(*int),
            Self::Float(float) => Exact::Float(*float),
            Self::Big(int) => Exact::Big(Rc::clone(int)),
            Self::Literal(text) => {
                let text = text.as_str();
                let digits = text.strip_prefix('-').unwrap_or(text);
                let integer = digits.len() <= BIG_DIGITS
                    && text != "-0"
                    && digits.bytes().all(|byte| byte.is_ascii_digit());
                match integer
                    .then(|| text.parse())
                    .and_then(Result::ok)
                    .map(Self::big)
                {
                    Some(Self::Int(int)) => Exact::Int(int),
                    Some(Self::Big(int)) => Exact::Big(int),
                    _ => Exact::Float(self.as_f64()),
                }
            }
        }
    }

    /// Sum: exact for integers.
    pub(crate) fn add(&self, other: &Self) -> Self {
        self.calculate(other, i64::checked_add, |a, b| a + b, |a, b| a + b)
    }

    /// Difference: exact for integers.
    pub(crate) fn subtract(&self, other: &Self) -> Self {
        self.calculate(other, i64::checked_sub, |a, b| a - b, |a, b| a - b)
    }

    /// Product: exact for integers; zero has the sign that it has in jq.
    pub(crate) fn multiply(&self, other: &Self) -> Self {
        let product = |a: i64, b: i64| {
            let negative_zero = (a == 0 && b < 0) || (a < 0 && b == 0);
            (!negative_zero).then(|| a.checked_mul(b)).flatten()
        };
        match self.calculate(other, product, |a, b| a * b, |a, b| a * b) {
            Self::Int(0) if (self.as_f64() < 0.0) != (other.as_f64() < 0.0) => Self::Float(-0.0),
            product => product,
        }
    }

    /// Quotient: an integer if both are and it comes out even, else a double. `None` for `x / 0`.
    pub(crate) fn divide(&self, other: &Self) -> Option<Self> {
        let divisor = other.as_f64();
        if divisor == 0.0 {
            return None;
        }
        let float = || Self::Float(self.as_f64() / divisor);
        Some(match (self.exact(), other.exact()) {
            (Exact::Int(0), Exact::Int(_)) | (Exact::Float(_), _) | (_, Exact::Float(_)) => float(),
            (Exact::Int(a), Exact::Int(b)) if b != -1 => {
                if a % b == 0 {
                    Self::Int(a / b)
                } else {
                    float()
                }
            }
            (a, b) => {
                let (a, b) = (a.into_big(), b.into_big());
                let even = (&a % &b).sign() == Sign::NoSign;
                if even { Self::big(a / b) } else { float() }
            }
        })
    }

    /// Remainder of the operands cut to integers, with the sign of the dividend.
    /// `None` for `x % 0`.
    pub(crate) fn remainder(&self, other: &Self) -> Option<Self> {
        let big = |number: &Self| match number.exact() {
            Exact::Float(float) => BigInt::from(float as i64),
            exact => exact.into_big(),
        };
        if self.is_nan() || other.is_nan() {
            return Some(Self::Float(f64::NAN));
        }
        if let (Exact::Int(a), Exact::Int(b)) = (self.exact(), other.exact()) {
            return (b != 0).then(|| signed(a.wrapping_rem(b), a < 0));
        }
        let (a, b) = (big(self), big(other));
        (b.sign() != Sign::NoSign).then(|| Self::big(a % b))
    }

    /// The number with the other sign.
    pub(crate) fn negate(&self) -> Self {
        match self {
            Self::Literal(text) => {
                let text = text.as_str();
                let negated = match text.strip_prefix('-') {
                    Some(positive) => positive.to_owned(),
                    None => format!("-{text}"),
                };
                Self::written(Text::new(negated))
            }
            _ => match self.exact() {
                Exact::Int(0) => Self::Float(-0.0),
                Exact::Int(int) => match int.checked_neg() {
                    Some(negated) => Self::Int(negated),
                    None => Self::big(-BigInt::from(int)),
                },
                Exact::Big(int) => Self::big(-&*int),
                Exact::Float(float) => Self::Float(-float),
            },
        }
    }

    /// The number rounded to an integer by `round`; zero keeps its sign, as in jq.
    pub(crate) fn rounded(&self, round: fn(f64) -> f64) -> Self {
        if self.is_integer() {
            return self.clone();
        }
        let rounded = round(self.as_f64());
        let small = rounded.abs() < I64_END && !(rounded == 0.0 && rounded.is_sign_negative());
        if small {
            Self::Int(rounded as i64)
        } else {
            Self::Float(rounded)
        }
    }

    /// The number without its sign.
    pub(crate) fn magnitude(&self) -> Self {
        if self.as_f64().is_sign_negative() {
            self.negate()
        } else {
            self.clone()
        }
    }

    fn calculate(
        &self,
        other: &Self,
        int: impl Fn(i64, i64) -> Option<i64>,
        big: impl Fn(BigInt, BigInt) -> BigInt,
        float: impl Fn(f64, f64) -> f64,
    ) -> Self {
        match (self.exact(), other.exact()) {
            (Exact::Int(a), Exact::Int(b)) => match int(a, b) {
                Some(result) => Self::Int(result),
                None => Self::big(big(a.into(), b.into())),
            },
            (Exact::Float(a), b) => Self::Float(float(a, b.as_f64())),
            (a, Exact::Float(b)) => Self::Float(float(a.as_f64(), b)),
            (a, b) => Self::big(big(a.into_big(), b.into_big())),
        }
    }

    /// Order by value. NaN is below every number; two of them are `nans`.
    pub(crate) fn compare(&self, other: &Self, nans: Ordering) -> Ordering {
        match (self.exact(), other.exact()) {
            (Exact::Int(a), Exact::Int(b)) => a.cmp(&b),
            (Exact::Float(a), Exact::Float(b)) => match (a.is_nan(), b.is_nan()) {
                (true, true) => nans,
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            },
            (a, Exact::Float(b)) => compare_with_float(a, b),
            (Exact::Float(a), b) => compare_with_float(b, a).reverse(),
            (a, b) => a.into_big().cmp(&b.into_big()),
        }
    }

    /// Appends the number as jq prints it; a written number as it was written.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = match self {
            Self::Int(int) => write!(out, "{int}"),
            Self::Big(int) => write!(out, "{int}"),
            Self::Literal(literal) => out.write_all(literal.as_str().as_bytes()),
            Self::Float(double) if double.is_nan() => out.write_all(b"null"),
            Self::Float(double) => ssectl_json::write_float(double.clamp(f64::MIN, f64::MAX), out),
        };
    }
}

impl Exact {
    fn into_big(self) -> BigInt {
        match self {
            Self::Int(int) => int.into(),
            Self::Big(int) => Rc::unwrap_or_clone(int),
            Self::Float(float) => BigInt::from_f64(float).unwrap_or_default(),
        }
    }

    fn as_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Big(int) => int.to_f64().unwrap_or(f64::NAN),
            Self::Float(float) => *float,
        }
    }
}

/// The first double beyond the integers of 64 bits.
const I64_END: f64 = 9_223_372_036_854_775_808.0;

/// A plain integer that surely has 64 bits and is written in the one shortest way.
fn small(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let plain = digits.len() <= 18
        && digits.iter().all(u8::is_ascii_digit)
        && (digits[0] != b'0' || text == "0");
    plain.then(|| text.parse().ok()).flatten()
}

fn signed(remainder: i64, negative: bool) -> Number {
    if remainder == 0 && negative {
        Number::Float(-0.0)
    } else {
        Number::Int(remainder)
    }
}

fn compare_with_float(int: Exact, float: f64) -> Ordering {
    if float.is_nan() || float == f64::NEG_INFINITY {
        return Ordering::Greater;
    }
    let Some(floor) = BigInt::from_f64(float.floor()) else {
        return Ordering::Less;
    };
    match (int, floor.to_i64()) {
        (Exact::Int(int), Some(floor)) => int.cmp(&floor),
        (int, _) => int.into_big().cmp(&floor),
    }
    .then(if float.fract() == 0.0 {
        Ordering::Equal
    } else {
        Ordering::Less
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Number {
        Number::written(Text::from(text))
    }

    fn text(number: &Number) -> String {
        let mut out = Vec::new();
        number.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_written_number_stays_as_written() {
        for number in [
            "0",
            "-0",
            "1.0",
            "1E5",
            "1e1000",
            "0.10",
            "1715254403007507001",
            "123456789012345678901234567890",
        ] {
            assert_eq!(text(&written(number)), number);
        }
    }

    #[test]
    fn integers_calculate_exactly() {
        let sum = |a, b| text(&written(a).add(&written(b)));
        assert_eq!(sum("9007199254740993", "1"), "9007199254740994");
        assert_eq!(sum("9223372036854775807", "1"), "9223372036854775808");
        assert_eq!(
            sum(
                "123456789012345678901234567890",
                "-123456789012345678901234567889"
            ),
            "1"
        );
        assert_eq!(
            text(&written("3037000500").multiply(&written("3037000500"))),
            "9223372037000250000"
        );
        assert_eq!(
            text(
                &written("9223372036854775807")
                    .divide(&written("7"))
                    .unwrap()
            ),
            "1317624576693539401"
        );
        assert_eq!(text(&written("1").divide(&written("4")).unwrap()), "0.25");
        assert!(written("1").divide(&written("0")).is_none());
    }

    #[test]
    fn an_integer_beyond_the_doubles_is_infinite() {
        let big = written(&format!("1{}", "0".repeat(308)));
        assert_eq!(
            text(&big.multiply(&written("10"))),
            "1.7976931348623157e+308"
        );
        assert_eq!(
            text(&written(&"9".repeat(100_000)).add(&written("1"))),
            "1.7976931348623157e+308"
        );
    }

    #[test]
    fn integers_and_doubles_compare_exactly() {
        let order = |a: &Number, b: &Number| a.compare(b, Ordering::Equal);
        let (big, float) = (
            written("9007199254740993"),
            Number::Float(9_007_199_254_740_992.0),
        );
        assert_eq!(order(&big, &float), Ordering::Greater);
        assert_eq!(order(&float, &big), Ordering::Less);
        assert_eq!(order(&written("1"), &written("1.0")), Ordering::Equal);
        assert_eq!(order(&written("1"), &written("1.5")), Ordering::Less);
        assert_eq!(
            order(&Number::Float(f64::NAN), &written("-1e400")),
            Ordering::Less
        );
    }

    #[test]
    fn a_remainder_cuts_to_integers_and_has_the_sign_of_the_dividend() {
        let remainder = |a, b| written(a).remainder(&written(b)).map(|r| text(&r));
        assert_eq!(remainder("5.9", "2.9").as_deref(), Some("1"));
        assert_eq!(remainder("-5", "3").as_deref(), Some("-2"));
        assert_eq!(remainder("5", "0.5"), None);
    }
}
