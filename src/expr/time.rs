//! Event-time expressions: from a program's result to exact nanoseconds since 1970.

use std::str::FromStr;

use super::{CompileError, EvalError, EvalErrorKind, Input, Options, Origin, Program};

/// What the result of an event-time expression counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since 1970.
    S,
    /// Milliseconds since 1970.
    Ms,
    /// Microseconds since 1970.
    Us,
    /// Nanoseconds since 1970.
    Ns,
    /// A string as RFC 3339 writes it: `2024-05-09T11:33:23.0075+02:00`.
    Rfc3339,
}

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(name: &str) -> Result<Self, UnknownUnit> {
        Ok(match name {
            "s" => Self::S,
            "ms" => Self::Ms,
            "us" => Self::Us,
            "ns" => Self::Ns,
            "rfc3339" => Self::Rfc3339,
            _ => return Err(UnknownUnit(name.to_owned())),
        })
    }
}

/// The name of a unit that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time unit `{0}`; the units are `s`, `ms`, `us`, `ns` and `rfc3339`")]
pub struct UnknownUnit(String);

/// A compiled event-time expression.
#[derive(Clone)]
pub struct EventTime {
    program: Program,
    unit: Unit,
}

impl EventTime {
    /// What its results count.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Compiles `source`, whose first result is the time of the record in `unit`.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile(
        origin: impl Into<Origin>,
        source: &str,
        unit: Unit,
        options: &Options,
    ) -> Result<Self, CompileError> {
        let program = Program::compile(origin, source, options)?;
        Ok(Self { program, unit })
    }

    /// Nanoseconds since 1970, exact; digits below a nanosecond are rounded down.
    ///
    /// # Errors
    /// If the program fails, gives no result, or gives one that is no time in the unit.
    pub fn eval(&self, input: &Input<'_>) -> Result<i128, EvalError> {
        let result = self.program.first(input)?;
        self.of(result.as_deref().map(str::as_bytes))
    }

    /// The same of the program's first result, for callers that ran it themselves.
    ///
    /// # Errors
    /// There is none, or it is no time in the unit.
    pub fn of(&self, result: Option<&[u8]>) -> Result<i128, EvalError> {
        let time = match result.map(std::str::from_utf8) {
            Some(Ok(json)) => self.unit.nanoseconds(json),
            _ => Err("the event time is missing: the expression gave no result".to_owned()),
        };
        time.map_err(|message| self.program.error(EvalErrorKind::Program(message)))
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

impl Unit {
    /// The time that a result in JSON says.
    fn nanoseconds(self, json: &str) -> Result<i128, String> {
        let digits = match (self, json.as_bytes()) {
            (Self::Rfc3339, [b'"', text @ .., b'"']) => {
                return rfc3339(text).ok_or_else(|| self.refuse(json));
            }
            (Self::Rfc3339, _) => return Err(self.refuse(json)),
            (Self::S, _) => 9,
            (Self::Ms, _) => 6,
            (Self::Us, _) => 3,
            (Self::Ns, _) => 0,
        };
        decimal(json, digits).ok_or_else(|| self.refuse(json))
    }

    fn refuse(self, json: &str) -> String {
        let shown: String = json.chars().take(40).collect();
        match self {
            Self::Rfc3339 => format!(
                "the event time {shown} is no RFC 3339 string such as \"2024-05-09T11:33:23.0075Z\""
            ),
            _ => format!(
                "the event time {shown} is no number; for strings there are the unit `rfc3339` and the filter `tonumber`"
            ),
        }
    }
}

/// A whole number of few digits, as most times are.
#[inline]
fn few_digits(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if !(1..=18).contains(&digits.len()) {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if digits.len() < text.len() {
        -value
    } else {
        value
    })
}

/// `text * 10^scale`, rounded down, without a detour over floating point.
fn decimal(text: &str, scale: i32) -> Option<i128> {
    if let Some(int) = few_digits(text) {
        return 10_i128
            .checked_pow(scale.try_into().ok()?)?
            .checked_mul(int.into());
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let point = exponent
        .parse::<i32>()
        .ok()?
        .checked_add(scale)?
        .checked_add(whole.len().try_into().ok()?)?;
    let (mut value, mut inexact) = (0i128, false);
    let digits = whole.bytes().chain(fraction.bytes());
    for (index, digit) in (0..).zip(digits) {
        if index < point {
            value = value.checked_mul(10)?.checked_add((digit - b'0').into())?;
        } else {
            inexact |= digit != b'0';
        }
    }
    let written = i32::try_from(whole.len() + fraction.len()).ok()?;
    if value != 0 {
        for _ in written..point {
            value = value.checked_mul(10)?;
        }
    }
    Some(if negative {
        -value - i128::from(inexact)
    } else {
        value
    })
}

/// A date-time of RFC 3339, section 5.6; a leap second counts as the second after it.
fn rfc3339(text: &[u8]) -> Option<i128> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let marks = [4, 7, 10, 13, 16].map(|at| text[at].to_ascii_uppercase());
    let valid = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !valid || !matches!(marks, [b'-', b'-', b'T' | b' ', b':', b':']) {
        return None;
    }
    let digits = match text.get(19) {
        Some(b'.') => text[20..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
            .max(1),
        _ => 0,
    };
    let fraction = if digits == 0 {
        0
    } else {
        number(20, 20 + digits.min(9))? * 10i64.pow(9 - digits.min(9) as u32)
    };
    let zone = if digits == 0 { 19 } else { 20 + digits };
    let offset = match (text.get(zone)?, text.len() - zone) {
        (b'Z' | b'z', 1) => 0,
        (sign @ (b'+' | b'-'), 6) if text[zone + 3] == b':' => {
            let (hours, minutes) = (number(zone + 1, zone + 3)?, number(zone + 4, zone + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let seconds =
        days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(fraction))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(
            decimal("1715254403.0075", 9),
            Some(1_715_254_403_007_500_000)
        );
        assert_eq!(
            decimal("1715254403007507001", 0),
            Some(1_715_254_403_007_507_001)
        );
        assert_eq!(decimal("-0.0000000001", 9), Some(-1));
        assert_eq!(decimal("1.5e3", 0), Some(1500));
        assert_eq!(decimal("1e400", 0), None);
        assert_eq!(decimal("true", 0), None);
    }

    #[test]
    fn rfc3339_reads_offsets_and_nine_digits() {
        assert_eq!(rfc3339(b"1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            rfc3339(b"2024-05-09T13:33:23.007500001+02:00"),
            Some(1_715_254_403_007_500_001)
        );
        assert_eq!(rfc3339(b"1969-12-31T23:59:59.5Z"), Some(-500_000_000));
        assert_eq!(rfc3339(b"2024-02-30T00:00:00Z"), None);
        assert_eq!(rfc3339(b"2024-05-09"), None);
    }
}
