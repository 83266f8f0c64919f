//! Dates: seconds since 1970, and broken down times
//! `[year, month from 0, day, hours, minutes, seconds, weekday from Sunday, day of the year from 0]`.

use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::{Native, plain, refuse, unary, v};
use crate::expr::value::{Error, Number, ValR, Value};

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("_gmtime", v(0), |cv| plain(cv, gmtime)),
        ("mktime", v(0), |cv| {
            plain(cv, |value| {
                Ok(Value::int(read(&value, "mktime")?.timestamp().as_second()))
            })
        }),
        ("_strftime", v(1), |cv| unary(cv, format)),
        ("strptime", v(1), |cv| unary(cv, parse)),
    ]
}

/// Seconds since 1970 to a broken down time. The fraction of the seconds stays.
fn gmtime(value: Value) -> ValR {
    let Value::Num(number) = &value else {
        return Err(refuse(&value, "is no time in seconds"));
    };
    let time = number
        .floor()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(time) = time else {
        return Err(refuse(
            &value,
            "is no time in seconds since 1970: divide milliseconds by 1000, nanoseconds by 1000000000",
        ));
    };
    let fraction = number.as_f64() - number.as_f64().floor();
    let seconds = |whole: i8| {
        if fraction > 0.0 {
            Value::from(f64::from(whole) + fraction)
        } else {
            Value::int(whole.into())
        }
    };
    let civil = Offset::UTC.to_datetime(time);
    Ok(broken_down(civil, seconds(civil.second())))
}

fn broken_down(civil: DateTime, seconds: Value) -> Value {
    let int = |int: i16| Value::int(int.into());
    Value::array(vec![
        int(civil.year()),
        int(i16::from(civil.month()) - 1),
        int(civil.day().into()),
        int(civil.hour().into()),
        int(civil.minute().into()),
        seconds,
        int(civil.weekday().to_sunday_zero_offset().into()),
        int(civil.day_of_year() - 1),
    ])
}

/// A broken down time, at least to the day; `name` is the builtin that wants one.
fn read(value: &Value, name: &str) -> Result<Zoned, Error> {
    let Value::Arr(parts) = value else {
        return Err(Error::str(format_args!("{name} requires array inputs")));
    };
    let invalid = || Error::str(format_args!("{name} requires parsed datetime inputs"));
    let mut fields = [0i64; 6];
    for (at, field) in fields.iter_mut().enumerate() {
        *field = match parts.get(at) {
            Some(Value::Num(number)) => number.floor().ok_or_else(invalid)?,
            None if at > 2 => 0,
            _ => return Err(invalid()),
        };
    }
    let [year, month, day, hour, minute, second] = fields;
    let small = |field: i64| i8::try_from(field).map_err(|_| invalid());
    let year = i16::try_from(year).map_err(|_| invalid())?;
    let civil = DateTime::new(
        year,
        small(month.saturating_add(1))?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let civil = civil.map_err(|error| Error::str(format_args!("{name}: {error}")))?;
    civil
        .to_zoned(TimeZone::UTC)
        .map_err(|error| Error::str(format_args!("{name}: {error}")))
}

fn format(value: Value, format: Value) -> ValR {
    let Some(format) = format.as_str() else {
        return Err(Error::str("strftime/1 requires a string format"));
    };
    let Value::Arr(_) = &value else {
        return Err(Error::str("strftime/1 requires parsed datetime inputs"));
    };
    let time = read(&value, "strftime/1")?;
    strtime::format(format, &time)
        .map(Value::from)
        .map_err(|error| Error::str(format_args!("strftime/1: {error}")))
}

/// Parses a string; what the format does not say is midnight, and UTC.
fn parse(value: Value, format: Value) -> ValR {
    let (Some(text), Some(format)) = (value.as_str(), format.as_str()) else {
        return Err(Error::str(
            "strptime/1 requires string inputs and arguments",
        ));
    };
    let civil = BrokenDownTime::parse(format, text).and_then(|mut parsed| {
        if parsed.hour().is_none() {
            parsed.set_hour(Some(0))?;
        }
        match parsed.offset() {
            Some(_) => parsed
                .to_timestamp()
                .map(|time| Offset::UTC.to_datetime(time)),
            None => parsed.to_datetime(),
        }
    });
    match civil {
        Ok(civil) => Ok(broken_down(
            civil,
            Value::Num(Number::Int(civil.second().into())),
        )),
        Err(error) => Err(Error::str(format_args!(
            "date \"{text}\" does not match format \"{format}\": {error}"
        ))),
    }
}
