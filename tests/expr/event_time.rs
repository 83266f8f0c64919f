//! Event times are exact to the nanosecond in every unit.

use ssectl::expr::Options;
use ssectl::expr::time::{EventTime, Unit};

use super::json;

fn time(source: &str, unit: &str, input: &str) -> Result<i128, String> {
    let unit: Unit = unit.parse().unwrap();
    let time = EventTime::compile("--event-time", source, unit, &Options::default()).unwrap();
    time.eval(&json(input)).map_err(|error| error.to_string())
}

#[test]
fn every_unit_is_exact() {
    let ns = 1_715_254_403_007_500_000;
    for (unit, number, expected) in [
        ("s", "1715254403.0075", ns),
        ("s", "1715254403.007500001", ns + 1),
        ("s", "1.7152544030075e9", ns),
        ("ms", "1715254403007.5", ns),
        ("us", "1715254403007500", ns),
        ("ns", "1715254403007500001", ns + 1),
        ("ns", "1715254403007500000.9", ns),
        ("s", "-1.5", -1_500_000_000),
        ("s", "-0.0000000001", -1),
        ("s", "0", 0),
        ("s", "253402300799", 253_402_300_799_000_000_000),
    ] {
        assert_eq!(
            time(".t", unit, &format!("{{\"t\":{number}}}")),
            Ok(expected),
            "{number} {unit}"
        );
    }
    assert_eq!(time(".t / 1000", "s", r#"{"t":1715254403007.5}"#), Ok(ns));
    assert_eq!(
        time(
            ".payload[0].time",
            "ns",
            r#"{"payload":[{"time":1715254403007507001}]}"#
        ),
        Ok(1_715_254_403_007_507_001)
    );
}

#[test]
fn rfc3339_has_offsets_and_up_to_nine_digits() {
    let ns = 1_715_254_403_007_500_000;
    for text in [
        "2024-05-09T11:33:23.0075Z",
        "2024-05-09T13:33:23.0075+02:00",
        "2024-05-09t11:33:23.007500000z",
        "2024-05-09 06:03:23.0075-05:30",
    ] {
        assert_eq!(
            time(".", "rfc3339", &format!("\"{text}\"")),
            Ok(ns),
            "{text}"
        );
    }
    assert_eq!(
        time(".", "rfc3339", "\"2000-02-29T23:59:60Z\""),
        Ok(951_868_800_000_000_000)
    );
    for text in [
        "2024-05-09",
        "2024-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-05-09T11:33:23",
        "2024-05-09T25:00:00Z",
        "2024-05-09T11:33:23.Z",
        "x",
    ] {
        let error = time(".", "rfc3339", &format!("\"{text}\"")).unwrap_err();
        assert_eq!(
            error,
            format!(
                "--event-time: the event time \"{text}\" is no RFC 3339 string such as \"2024-05-09T11:33:23.0075Z\""
            )
        );
    }
}

#[test]
fn what_is_no_time_is_an_error_that_says_so() {
    assert_eq!(
        time("empty", "s", "1").unwrap_err(),
        "--event-time: the event time is missing: the expression gave no result"
    );
    let message = |shown| {
        format!(
            "--event-time: the event time {shown} is no number; for strings there are the unit `rfc3339` and the filter `tonumber`"
        )
    };
    assert_eq!(
        time(".", "s", "\"1715254403\"").unwrap_err(),
        message("\"1715254403\"")
    );
    assert_eq!(time(".", "ms", "null").unwrap_err(), message("null"));
    assert_eq!(
        time("tonumber", "s", "\"1715254403\""),
        Ok(1_715_254_403_000_000_000)
    );
    assert!(time(".", "s", "1e400").is_err());
    assert_eq!(
        "min".parse::<Unit>().unwrap_err().to_string(),
        "unknown time unit `min`; the units are `s`, `ms`, `us`, `ns` and `rfc3339`"
    );
}
