//! Doubles to text, digit for digit as jq prints them.

use std::io::Write;

/// The shortest digits that read back as `float`, laid out as jq does: plain from `1e-4` on and
/// while at most 15 zeros have to be added, else with an exponent of at least two digits. `float` must be finite.
///
/// # Errors
/// None: writing to memory does not fail.
pub fn write(float: f64, out: &mut Vec<u8>) -> std::io::Result<()> {
    if float.fract() == 0.0 && float.abs() < 1e15 {
        let sign = if float == 0.0 && float.is_sign_negative() {
            "-"
        } else {
            ""
        };
        return write!(out, "{sign}{}", float as i64);
    }
    let shortest = format!("{:e}", float.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = half_to_even(float, mantissa.replace('.', ""), exponent);
    let point = exponent + 1;
    let count = digits.len() as i32;
    if float < 0.0 {
        out.push(b'-');
    }
    if point <= -4 || point > count + 15 {
        let sign = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        write!(out, "{first}{dot}{rest}e{sign}{:02}", exponent.abs())
    } else if point <= 0 {
        write!(out, "0.{:0<zeros$}{digits}", "", zeros = -point as usize)
    } else if point >= count {
        write!(out, "{digits:0<width$}", width = point as usize)
    } else {
        write!(
            out,
            "{}.{}",
            &digits[..point as usize],
            &digits[point as usize..]
        )
    }
}

/// The shortest digits, where there are two that are equally near, so that the last one is even:
/// so does jq, while Rust rounds up. `exponent` is that of the first digit.
fn half_to_even(float: f64, mut digits: String, exponent: i32) -> String {
    let decimals = digits.len() as i32 - 1 - exponent;
    let last_is_odd = digits.ends_with(['1', '3', '5', '7', '9']);
    // In the middle between two: written out, the double has just one decimal more, a 5.
    if last_is_odd && decimals >= 0 && binary_places(float) == decimals + 1 {
        let exact = format!("{:.*}", decimals as usize + 1, float.abs()).replace('.', "");
        let below = exact
            .trim_start_matches('0')
            .strip_suffix('5')
            .unwrap_or(&digits);
        if below.len() == digits.len() && below.ends_with(['0', '2', '4', '6', '8']) {
            digits = below.to_owned();
        }
    }
    digits
}

/// Bits after the binary point, which are as many as decimals after the decimal point.
fn binary_places(float: f64) -> i32 {
    const FRACTION_BITS: i32 = 52;
    let bits = float.to_bits();
    let biased = (bits >> FRACTION_BITS & 0x7ff) as i32;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let (significand, exponent) = if biased == 0 {
        (fraction, 1)
    } else {
        (fraction | 1 << FRACTION_BITS, biased)
    };
    1023 + FRACTION_BITS - exponent - significand.trailing_zeros() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_in_jq() {
        for (float, expected) in [
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (12e15, "12000000000000000"),
            (1e17, "1e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (-1.5e300, "-1.5e+300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (
                123456789012345680000000000000.0,
                "123456789012345680000000000000",
            ),
            (-0.0, "-0"),
            (f64::MIN, "-1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (1000000000000000.5, "1000000000000000.5"),
            (6.3795318603515625 + 4.84136962890625, "11.220901489257812"),
            (-12.900650024414062, "-12.900650024414062"),
        ] {
            let mut out = Vec::new();
            write(float, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
