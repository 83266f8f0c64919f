//! Sums that are exact, and so do not depend on the order of what is added.

use std::io::Write;

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use ssectl_state::Corrupt;

use super::codec::{Reader, put_bytes, put_number};
use super::decimal::Decimal;

/// A sum of numbers, each taken as the decimal that JSON writes: `0.1` and `0.2` give `0.3`. Nothing is rounded before
/// the result is written.
#[derive(Debug, Clone)]
pub(super) struct Total {
    digits: Digits,
    /// How many of the digits stand after the point; the most that any number had.
    scale: u32,
    count: u64,
    /// Whether a number was not written as an integer.
    fractional: bool,
    /// Whether there was an infinite number below, and above zero.
    infinite: [bool; 2],
}

#[derive(Debug, Clone)]
enum Digits {
    Small(i128),
    Big(Box<BigInt>),
}

/// Integers of more bits are beyond the range of a double: infinite, as in the engine of jq.
const BIG_BITS: u64 = 1024;

/// Integers up to here are doubles, so that dividing two of them rounds once.
const EXACT_DOUBLES: u128 = 1 << f64::MANTISSA_DIGITS;

/// Digits that a quotient is calculated to: doubles, and the middles between two of them, have fewer than 770, and the
/// number that divides has at most 20.
const DIGITS_THAT_DECIDE: u32 = 800;

impl Total {
    /// The sum of nothing.
    pub(super) fn new() -> Self {
        Self {
            digits: Digits::Small(0),
            scale: 0,
            count: 0,
            fractional: false,
            infinite: [false; 2],
        }
    }

    /// Adds the number that `text` writes in JSON.
    pub(super) fn add(&mut self, text: &str) {
        let (decimal, integer) = Decimal::of(text);
        self.count += 1;
        self.fractional |= !integer;
        match decimal {
            Decimal::Small { digits, scale } => self.add_small(digits, scale),
            Decimal::Big { digits, scale } => self.add_big(digits, scale),
            Decimal::Infinite { negative } => self.infinite[usize::from(!negative)] = true,
        }
    }

    /// Adds all that `other` has summed.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.fractional |= other.fractional;
        for (mine, theirs) in self.infinite.iter_mut().zip(other.infinite) {
            *mine |= theirs;
        }
        match &other.digits {
            Digits::Small(digits) => self.add_small(*digits, other.scale),
            Digits::Big(digits) => self.add_big((**digits).clone(), other.scale),
        }
    }

    #[inline]
    fn add_small(&mut self, digits: i128, scale: u32) {
        if let Digits::Small(sum) = self.digits
            && scale == self.scale
            && let Some(sum) = sum.checked_add(digits)
        {
            self.digits = Digits::Small(sum);
        } else {
            self.add_scaled(digits, scale);
        }
    }

    fn add_scaled(&mut self, digits: i128, scale: u32) {
        let common = self.scale.max(scale);
        if let Digits::Small(sum) = self.digits
            && let Some(sum) = rescaled(sum, common - self.scale)
            && let Some(digits) = rescaled(digits, common - scale)
            && let Some(sum) = sum.checked_add(digits)
        {
            self.digits = Digits::Small(sum);
            self.scale = common;
        } else {
            self.add_big(BigInt::from(digits), scale);
        }
    }

    fn add_big(&mut self, digits: BigInt, scale: u32) {
        let common = self.scale.max(scale);
        let sum = self.to_big() * power(common - self.scale) + digits * power(common - scale);
        self.scale = common;
        self.digits = Digits::from(sum);
    }

    fn to_big(&self) -> BigInt {
        match &self.digits {
            Digits::Small(digits) => BigInt::from(*digits),
            Digits::Big(digits) => (**digits).clone(),
        }
    }

    /// Appends the sum: an integer with all its digits if all numbers were written as integers, else the nearest
    /// double; `null` of nothing.
    pub(super) fn write_sum(&self, out: &mut Vec<u8>) {
        if self.count == 0 {
            out.extend_from_slice(b"null");
        } else if let Some(infinite) = self.infinity() {
            write_double(infinite, out);
        } else if self.fractional {
            write_double(self.quotient(1), out);
        } else {
            self.write_integer(out);
        }
    }

    /// Appends the sum divided by the number of its parts: an integer if the parts were integers and it comes out even,
    /// else the nearest double; `null` of nothing.
    pub(super) fn write_average(&self, out: &mut Vec<u8>) {
        if self.count == 0 {
            out.extend_from_slice(b"null");
        } else if let Some(infinite) = self.infinity() {
            write_double(infinite, out);
        } else if !self.fractional
            && let Some(average) = self.even_average()
        {
            average.write_integer(out);
        } else {
            write_double(self.quotient(self.count), out);
        }
    }

    fn even_average(&self) -> Option<Self> {
        let (sum, count) = (self.to_big(), BigInt::from(self.count));
        let even = (&sum % &count).sign() == Sign::NoSign;
        even.then(|| Self {
            digits: Digits::from(sum / count),
            ..Self::new()
        })
    }

    fn write_integer(&self, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = match &self.digits {
            Digits::Small(digits) => write!(out, "{digits}"),
            Digits::Big(digits) if digits.bits() <= BIG_BITS => write!(out, "{digits}"),
            Digits::Big(digits) => {
                write_double(infinity(digits.sign() == Sign::Minus), out);
                Ok(())
            }
        };
    }

    /// The sum of infinite numbers; NaN if they have both signs.
    fn infinity(&self) -> Option<f64> {
        match self.infinite {
            [false, false] => None,
            [true, true] => Some(f64::NAN),
            [negative, _] => Some(infinity(negative)),
        }
    }

    /// The double that is nearest to the sum divided by `count`.
    fn quotient(&self, count: u64) -> f64 {
        if let Digits::Small(digits) = self.digits
            && digits.unsigned_abs() <= EXACT_DOUBLES
            && let Some(divisor) = 10_u128.checked_pow(self.scale)
            && let Some(divisor) = divisor.checked_mul(count.into())
            && divisor <= EXACT_DOUBLES
        {
            return digits as f64 / divisor as f64;
        }
        let (sum, count) = (self.to_big(), BigInt::from(count));
        let more = if count == BigInt::from(1) {
            0
        } else {
            DIGITS_THAT_DECIDE
        };
        let sum = sum * power(more);
        let rest = (&sum % &count).sign() != Sign::NoSign;
        // A digit for what is left over, so that a middle between two doubles is not met by accident.
        let (quotient, rest) = (sum / count, u8::from(rest));
        let text = format!("{quotient}{rest}e-{}", self.scale + more + 1);
        text.parse().unwrap_or(f64::NAN)
    }

    /// Bytes of memory beyond its own.
    pub(super) fn heap(&self) -> usize {
        match &self.digits {
            Digits::Small(_) => 0,
            Digits::Big(digits) => size_of::<BigInt>() + digits.bits() as usize / 8,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let [below, above] = self.infinite;
        out.push(u8::from(self.fractional) | u8::from(below) << 1 | u8::from(above) << 2);
        put_number(self.count, out);
        put_number(self.scale.into(), out);
        put_bytes(&self.to_big().to_signed_bytes_le(), out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let flags = reader.byte()?;
        Ok(Self {
            fractional: flags & 1 != 0,
            infinite: [flags & 2 != 0, flags & 4 != 0],
            count: reader.number()?,
            scale: reader.small()?,
            digits: Digits::from(BigInt::from_signed_bytes_le(reader.bytes()?)),
        })
    }
}

impl From<BigInt> for Digits {
    fn from(digits: BigInt) -> Self {
        match digits.to_i128() {
            Some(small) => Self::Small(small),
            None => Self::Big(Box::new(digits)),
        }
    }
}

fn rescaled(digits: i128, more: u32) -> Option<i128> {
    digits.checked_mul(10_i128.checked_pow(more)?)
}

fn power(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

fn infinity(negative: bool) -> f64 {
    if negative {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    }
}

/// Appends a double as the engine of jq prints it: the greatest one instead of infinity, `null` instead of NaN.
pub(super) fn write_double(double: f64, out: &mut Vec<u8>) {
    if double.is_nan() {
        out.extend_from_slice(b"null");
    } else {
        // Writing to memory does not fail.
        let _ = ssectl_json::write_float(double.clamp(f64::MIN, f64::MAX), out);
    }
}
